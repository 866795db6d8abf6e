//! The wire types of places: where the findings are shown, and the resources that they speak of.

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::location::{Certainty, Location, Mapping, Place, Places};

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PlaceV1<'a> {
    file: Cow<'a, str>,
    line: u64,
    column: u64,
    end_column: u64,
    address: Cow<'a, str>,
    mapping: Mapping,
    certainty: Certainty,
}

impl<'a> PlaceV1<'a> {
    pub(super) fn new(place: &'a Place) -> Self {
        let Location { file, line, column, end_column } = &place.location;
        Self {
            file: Cow::Borrowed(file),
            line: *line,
            column: *column,
            end_column: *end_column,
            address: Cow::Borrowed(&place.address),
            mapping: place.mapping,
            certainty: place.certainty,
        }
    }

    pub(super) fn to_place(&self) -> Place {
        let location = Location {
            file: Arc::from(&*self.file),
            line: self.line,
            column: self.column,
            end_column: self.end_column,
        };
        Place { location, address: self.address.clone().into_owned(), mapping: self.mapping, certainty: self.certainty }
    }
}

/// A resource, as evidence names it, and where it is defined.
#[derive(Serialize, Deserialize)]
pub(in crate::report) struct ResourceV1<'a> {
    resource: Cow<'a, str>,
    definition: PlaceV1<'a>,
}

impl<'a> ResourceV1<'a> {
    pub(in crate::report) fn all(places: &'a Places) -> Vec<Self> {
        let each = |(resource, place): (&'a str, &'a Place)| Self {
            resource: Cow::Borrowed(resource),
            definition: PlaceV1::new(place),
        };
        places.resources().map(each).collect()
    }

    pub(super) fn put(&self, places: &mut Places) {
        places.insert_resource(&self.resource, self.definition.to_place());
    }
}
