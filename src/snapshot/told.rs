//! Items by a text that stands at one place in each of them.
//!
//! A rule that asks which listeners name this load balancer asks it for each load balancer. To look at all listeners each
//! time would make the work grow with the square of the account.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, PoisonError, RwLock};

use super::{Place, Snapshot};
use crate::item::ConfigurationItem;

/// What an item tells at a place.
pub(crate) enum Told<'a> {
    Text(&'a str),
    /// Nothing, or something that is not text.
    Other,
    Unreadable,
}

/// The items of each place and path that was asked for so far. Clones of a snapshot hold the same items and share it.
#[derive(Clone, Debug, Default)]
pub(super) struct Tellers(Arc<RwLock<HashMap<Place, ByPath>>>);

type ByPath = HashMap<Box<str>, Arc<Texts>>;

/// Where in the items of one place the texts stand: positions in the place's items.
#[derive(Debug, Default)]
struct Texts {
    /// With the hash of the text, sorted.
    known: Vec<(u64, usize)>,
    /// Those whose text cannot be read: it may be any.
    unreadable: Vec<usize>,
}

impl Snapshot {
    /// The items of one type in one account and region that may have this text at a path: all that have it, all whose
    /// text cannot be read, and at times another. `read` looks at one item's text; for one path it is always the same.
    pub(crate) fn telling(
        &self,
        place: &Place,
        path: &str,
        text: &str,
        read: impl Fn(&ConfigurationItem) -> Told<'_>,
    ) -> Vec<Arc<ConfigurationItem>> {
        let items = self.of_type(place);
        let texts = self.tellers.get(place, path).unwrap_or_else(|| {
            let texts = Arc::new(Texts::of(items, read));
            self.tellers.keep(place, path, &texts);
            texts
        });
        texts.places(text).into_iter().filter_map(|at| items.get(at)).map(Arc::clone).collect()
    }
}

impl Tellers {
    fn get(&self, place: &Place, path: &str) -> Option<Arc<Texts>> {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        all.get(place)?.get(path).map(Arc::clone)
    }

    fn keep(&self, place: &Place, path: &str, texts: &Arc<Texts>) {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        all.entry(place.clone()).or_default().insert(path.into(), Arc::clone(texts));
    }
}

impl Texts {
    fn of(items: &[Arc<ConfigurationItem>], read: impl Fn(&ConfigurationItem) -> Told<'_>) -> Self {
        let mut texts = Self::default();
        for (at, item) in items.iter().enumerate() {
            match read(item) {
                Told::Text(text) => texts.known.push((hash(text), at)),
                Told::Unreadable => texts.unreadable.push(at),
                Told::Other => {}
            }
        }
        texts.known.sort_unstable();
        texts
    }

    /// In the order of the items.
    fn places(&self, text: &str) -> Vec<usize> {
        let hash = hash(text);
        let first = self.known.partition_point(|(other, _)| *other < hash);
        let alike = self.known.get(first..).unwrap_or(&[]).iter().take_while(|(other, _)| *other == hash);
        let mut places: Vec<_> = alike.map(|(_, at)| *at).chain(self.unreadable.iter().copied()).collect();
        places.sort_unstable();
        places
    }
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}
