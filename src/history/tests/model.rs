//! Random histories of a small account: what the store tells is what a model in plain Rust says, in whatever order the
//! looks are appended.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::item::{Relationship, UnreadableRelationship};
use crate::snapshot::{is_not_collected, link_back};

const GROUP: &str = "AWS::EC2::SecurityGroup";
const MACHINE: &str = "AWS::EC2::Instance";
const REGIONS: [&str; 2] = ["eu-west-1", "us-east-1"];
const PART: &str = "/supplementaryConfiguration/Part";
const HISTORIES: u64 = 40;
const LOOKS: usize = 14;

/// A small generator of numbers (xorshift): the same histories each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

type Id = (usize, &'static str, u64);

/// A resource as it is in truth.
#[derive(Clone)]
struct Real {
    colour: u64,
    part: Option<u64>,
    /// The group that a machine is in.
    group: u64,
}

/// What is known of a fact.
#[derive(Clone, Debug, PartialEq)]
enum Fact<T> {
    Known(T),
    NeverAsked,
    Denied,
}

impl<T> Fact<T> {
    fn look(&mut self, seen: Self) {
        if !matches!(seen, Self::NeverAsked) {
            *self = seen;
        }
    }
}

/// What is known of a resource.
#[derive(Clone, Debug, PartialEq)]
struct Known {
    colour: Fact<u64>,
    part: Fact<Option<u64>>,
    machines: Fact<BTreeSet<u64>>,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Knowledge {
    resources: BTreeMap<Id, Known>,
    /// Whether the list of a place that was asked for was denied.
    listings: BTreeMap<(usize, &'static str), bool>,
}

impl Knowledge {
    /// Learns from a look: which lists were denied, and what was seen.
    fn learn(&mut self, listed: &BTreeMap<(usize, &'static str), bool>, seen: BTreeMap<Id, Known>) {
        for (place, is_denied) in listed {
            self.listings.insert(*place, *is_denied);
            if !is_denied {
                self.resources.retain(|id, _| (id.0, id.1) != *place || seen.contains_key(id));
            }
        }
        for (id, look) in seen {
            match self.resources.get_mut(&id) {
                None => _ = self.resources.insert(id, look),
                Some(known) => {
                    known.colour.look(look.colour);
                    known.part.look(look.part);
                    known.machines.look(look.machines);
                }
            }
        }
    }
}

fn place_in(region: &str, resource_type: &str) -> Place {
    Place { account_id: ACCOUNT.into(), aws_region: region.into(), resource_type: resource_type.into() }
}

fn change(world: &mut BTreeMap<Id, Real>, dice: &mut Dice) {
    for region in 0..REGIONS.len() {
        for kind in [GROUP, MACHINE] {
            for id in 0..3 {
                match dice.roll(6) {
                    0 => _ = world.remove(&(region, kind, id)),
                    1 | 2 => {
                        let part = dice.roll(3);
                        let real = Real { colour: dice.roll(3), part: (part > 0).then_some(part), group: dice.roll(3) };
                        world.insert((region, kind, id), real);
                    }
                    _ => {}
                }
            }
        }
    }
}

/// What a look at the world sees: the snapshot, and what the model learns of it.
fn look(world: &BTreeMap<Id, Real>, knowledge: &mut Knowledge, day: usize, dice: &mut Dice) -> Snapshot {
    let captured_at = format!("2026-01-{:02}T00:00:00.000Z", day + 1);
    let mut about = About {
        captured_at: captured_at.clone(),
        source: "account".into(),
        accounts: vec![ACCOUNT.into()],
        regions: REGIONS.iter().map(|region| (*region).to_owned()).collect(),
        ..About::default()
    };
    let mut listed = BTreeMap::new();
    let mut parts = BTreeMap::new();
    for kind in [GROUP, MACHINE] {
        if dice.roll(5) == 0 {
            continue;
        }
        let asked = dice.roll(3) > 0;
        parts.insert(kind, asked);
        if !asked {
            about.not_collected.insert(kind.into(), vec![PART.into()]);
        }
        for (region, name) in REGIONS.iter().enumerate() {
            let is_denied = dice.roll(5) == 0;
            listed.insert((region, kind), is_denied);
            if is_denied {
                about.gaps.push(place_in(name, kind).gap(&denied("list")));
            } else {
                about.listings.push(place_in(name, kind));
            }
        }
    }
    about.listings.sort();
    about.gaps.sort();
    if parts.contains_key(GROUP) {
        about.linked_from.insert(GROUP.into(), [MACHINE.to_owned()].into());
    }

    let mut items = Vec::new();
    let mut seen = BTreeMap::<Id, Known>::new();
    for ((region, kind, id), real) in world {
        if listed.get(&(*region, *kind)) != Some(&false) {
            continue;
        }
        let key = ResourceKey::new(ACCOUNT, REGIONS[*region], kind, &format!("{kind}-{id}"));
        let mut item = ConfigurationItem::new(key, &captured_at);
        item.arn = Some(format!("arn:{kind}:{id}").into());
        item.configuration = Value::object([("colour", Value::from(real.colour.cast_signed()))]);
        let mut known = Known { colour: Fact::Known(real.colour), part: Fact::NeverAsked, machines: Fact::NeverAsked };
        if dice.roll(8) == 0 {
            item.add_gap("/configuration", &denied("describe"));
            known.colour = Fact::Denied;
        }
        if parts[kind] {
            if dice.roll(5) == 0 {
                item.add_gap(PART, &denied("part"));
                known.part = Fact::Denied;
            } else {
                known.part = Fact::Known(real.part);
                if let Some(part) = real.part {
                    item.put(PART, Value::from(part.cast_signed()));
                }
            }
        }
        if *kind == MACHINE {
            item.relationships.push(Relationship {
                resource_type: GROUP.into(),
                resource_id: Some(format!("{GROUP}-{}", real.group).into()),
                resource_name: None,
                name: "Is in group".into(),
            });
        } else if listed.get(&(*region, MACHINE)) == Some(&false) {
            let machines =
                world.iter().filter(|((other, kind, _), real)| (*other, *kind, real.group) == (*region, MACHINE, *id));
            known.machines = Fact::Known(machines.map(|((_, _, id), _)| *id).collect());
        }
        items.push(item);
        seen.insert((*region, kind, *id), known);
    }
    // Groups of the same name are in both regions: each machine is in that of its own.
    for region in REGIONS {
        let (mut near, far): (Vec<_>, Vec<_>) = items.into_iter().partition(|item| *item.key.region == *region);
        link_back(&mut near, |_, _| Some("Holds machine".into()));
        near.extend(far);
        items = near;
    }

    knowledge.learn(&listed, seen);
    Snapshot::new(about, items)
}

/// What the store tells, in the words of the model.
fn told(state: &Snapshot) -> Knowledge {
    let mut knowledge = Knowledge::default();
    for (region, name) in REGIONS.iter().enumerate() {
        for kind in [GROUP, MACHINE] {
            let place = place_in(name, kind);
            match state.listing(&place) {
                Ok(()) => _ = knowledge.listings.insert((region, kind), false),
                Err(reason) if reason.operation == "list" => _ = knowledge.listings.insert((region, kind), true),
                Err(_) => {}
            }
            for item in state.of_type(&place) {
                let id = item.key.resource_id.rsplit('-').next().unwrap().parse().unwrap();
                let number = |value: &Value| value.as_i64().unwrap().cast_unsigned();
                let colour = match item.pointer("/configuration/colour") {
                    Some(colour) => Fact::Known(number(colour)),
                    None => Fact::Denied,
                };
                let part = match item.pointer(PART) {
                    Some(Value::Unreadable(reason)) if reason.operation == "part" => Fact::Denied,
                    Some(value) if is_not_collected(value) => Fact::NeverAsked,
                    Some(value) => Fact::Known(Some(number(value))),
                    None => Fact::Known(None),
                };
                let unknown: Option<&UnreadableRelationship> = item.unreadable_relationships.first();
                let machines = match unknown {
                    _ if kind == MACHINE => Fact::NeverAsked,
                    Some(_) => Fact::NeverAsked,
                    None => Fact::Known(
                        item.relationships
                            .iter()
                            .map(|link| link.resource_id.as_ref().unwrap().rsplit('-').next().unwrap().parse().unwrap())
                            .collect(),
                    ),
                };
                knowledge.resources.insert((region, kind, id), Known { colour, part, machines });
            }
        }
    }
    knowledge
}

/// What is out of sight is not compared: that it is, is.
fn in_sight(mut knowledge: Knowledge) -> Knowledge {
    let denied: BTreeSet<_> =
        knowledge.listings.iter().filter(|(_, denied)| **denied).map(|(place, _)| *place).collect();
    for (id, known) in &mut knowledge.resources {
        if denied.contains(&(id.0, id.1)) {
            *known = Known { colour: Fact::Denied, part: Fact::Denied, machines: Fact::Denied };
        }
    }
    knowledge
}

fn history_of(seed: u64) -> (Vec<Snapshot>, Vec<Knowledge>) {
    let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let (mut world, mut knowledge) = (BTreeMap::new(), Knowledge::default());
    let (mut looks, mut known) = (Vec::new(), Vec::new());
    for day in 0..LOOKS {
        change(&mut world, &mut dice);
        looks.push(look(&world, &mut knowledge, day, &mut dice));
        known.push(knowledge.clone());
    }
    (looks, known)
}

fn moment(day: usize) -> Timestamp {
    format!("2026-01-{:02}T00:00:00Z", day + 1).parse().unwrap()
}

fn bare(snapshot: &Snapshot) -> Vec<ConfigurationItem> {
    let bare = |item: &Arc<ConfigurationItem>| ConfigurationItem {
        status: ItemStatus::Ok,
        md5_hash: "".into(),
        ..ConfigurationItem::clone(item)
    };
    snapshot.items().iter().map(bare).collect()
}

#[test]
fn every_state_is_the_last_that_is_known() {
    for seed in 1..=HISTORIES {
        let (looks, known) = history_of(seed);
        let (_folder, mut history) = store();
        let ids: Vec<_> = looks.iter().map(|look| history.append(look, None).unwrap()).collect();
        for (day, known) in known.into_iter().enumerate() {
            for time in [moment(day), moment(day) + jiff::SignedDuration::from_hours(23)] {
                let state = history.state_at(time).unwrap();
                assert_eq!(in_sight(told(&state)), in_sight(known.clone()), "history {seed}, day {day}");
            }
        }
        for (id, look) in ids.into_iter().zip(&looks) {
            let back = history.snapshot(id).unwrap();
            assert_eq!(back.about(), look.about(), "history {seed}");
            assert_eq!(bare(&back), bare(look), "history {seed}, snapshot {id}");
        }
    }
}

#[test]
fn the_order_of_appending_does_not_show() {
    let everything = |history: &History, looks: &[Snapshot]| {
        let keys: BTreeSet<ResourceKey> =
            looks.iter().flat_map(|look| look.items().iter().map(|item| item.key.clone())).collect();
        let versions: Vec<_> = keys.iter().map(|key| history.versions(key).unwrap()).collect();
        let states: Vec<_> = (0..LOOKS)
            .map(|day| {
                let state = history.state_at(moment(day)).unwrap();
                (state.about().clone(), state.items().to_vec())
            })
            .collect();
        (versions, states)
    };
    for seed in 1..=HISTORIES {
        let (mut looks, _) = history_of(seed);
        let (_folder, mut history) = store();
        for look in &looks {
            history.append(look, None).unwrap();
        }
        let in_order = everything(&history, &looks);
        let mut dice = Dice(seed | 0x1000);
        for at in (1..looks.len()).rev() {
            looks.swap(at, usize::try_from(dice.roll(at as u64 + 1)).unwrap());
        }
        let (_folder, mut history) = store();
        let ids: Vec<_> = looks.iter().map(|look| history.append(look, None).unwrap()).collect();
        let shuffled = everything(&history, &looks);
        assert_eq!(shuffled.0, in_order.0, "history {seed}");
        assert_eq!(shuffled.1, in_order.1, "history {seed}");
        for (id, look) in ids.into_iter().zip(&looks) {
            assert_eq!(bare(&history.snapshot(id).unwrap()), bare(look), "history {seed}, snapshot {id}");
        }
    }
}
