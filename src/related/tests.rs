//! Small graphs: their order, their cycles, and what of them is not known.

use super::*;
use crate::gap::Gap;
use crate::snapshot::About;

const ACCOUNT: &str = "111122223333";
const REGION: &str = "eu-west-1";

fn place(kind: &str) -> Place {
    Place { account_id: ACCOUNT.into(), aws_region: REGION.into(), resource_type: kind.into() }
}

fn link(kind: &str, id: &str) -> Relationship {
    Relationship {
        resource_type: kind.into(),
        resource_id: Some(id.into()),
        resource_name: None,
        name: format!("Is associated with {kind}").into(),
    }
}

fn item(kind: &str, id: &str, links: &[(&str, &str)]) -> ConfigurationItem {
    let mut item = ConfigurationItem::new(ResourceKey::new(ACCOUNT, REGION, kind, id), "2026-01-02T03:04:05.678Z");
    item.relationships = links.iter().map(|(kind, id)| link(kind, id)).collect();
    item
}

fn about(listed: &[&str]) -> About {
    About {
        captured_at: "2026-01-02T03:04:05.678Z".into(),
        source: "account".into(),
        accounts: vec![ACCOUNT.into()],
        regions: vec![REGION.into()],
        listings: listed.iter().map(|kind| place(kind)).collect(),
        ..About::default()
    }
}

fn denied() -> Arc<Unreadable> {
    Arc::new(Unreadable {
        operation: "ec2:DescribeC".into(),
        action: Some("ec2:DescribeC".into()),
        code: "UnauthorizedOperation".into(),
        message: "no".into(),
    })
}

/// `distance id` of each resource; an unresolved one has a question mark, and its reason.
fn told(snapshot: &Snapshot, root: &str, depth: Option<usize>) -> Vec<String> {
    let related = walk(snapshot, find(snapshot, root)[0], depth);
    let one = |resource: &Resource<'_>| match &resource.found {
        Found::Item(item) => format!("{} {}", resource.distance, item.key.resource_id),
        Found::Unresolved { label, reason, .. } => {
            let reason = reason.as_ref().map_or("gone", |reason| &reason.code);
            format!("{} {label}? {reason}", resource.distance)
        }
    };
    related.resources.iter().map(one).collect()
}

#[test]
fn each_resource_is_met_once_on_a_shortest_way() {
    // a → b → c → a, and d links to c without a link back.
    let items = vec![
        item("A", "a", &[("A", "b")]),
        item("A", "b", &[("A", "c")]),
        item("A", "c", &[("A", "a"), ("A", "c")]),
        item("A", "d", &[("A", "c")]),
        item("A", "far", &[]),
    ];
    let snapshot = Snapshot::new(about(&["A"]), items);
    assert_eq!(told(&snapshot, "a", None), ["0 a", "1 b", "1 c", "2 d"]);
    assert_eq!(told(&snapshot, "a", Some(1)), ["0 a", "1 b", "1 c"]);
    assert_eq!(told(&snapshot, "a", Some(0)), ["0 a"]);
    assert_eq!(told(&snapshot, "far", None), ["0 far"]);
    let related = walk(&snapshot, find(&snapshot, "a")[0], None);
    let links: Vec<_> = related.links.iter().map(|link| (link.from, link.to)).collect();
    assert_eq!(links, [(0, 1), (2, 0), (1, 2), (2, 2), (3, 2)]);
    assert!(related.is_whole && related.is_complete());
    assert!(!walk(&snapshot, find(&snapshot, "a")[0], Some(1)).is_whole);
}

#[test]
fn what_a_link_leads_to_may_be_unknown() {
    let mut about = about(&["A", "B"]);
    about.gaps = vec![Gap {
        account_id: ACCOUNT.into(),
        aws_region: REGION.into(),
        resource_type: "C".into(),
        resource_id: None,
        path: None,
        reason: denied(),
    }];
    about.linked_from.insert("A".into(), ["C".to_owned()].into());
    let snapshot = Snapshot::new(about, vec![item("A", "a", &[("B", "b"), ("C", "c"), ("D", "d")])]);
    assert_eq!(told(&snapshot, "a", None), ["0 a", "1 b? gone", "1 c? UnauthorizedOperation", "1 d? NotCollected"]);
    let related = walk(&snapshot, &snapshot.items()[0], Some(0));
    assert_eq!(related.resources.len(), 1);
    let unread: Vec<_> =
        related.unread.iter().map(|one| (one.resource, &*one.resource_type, &*one.reason.code)).collect();
    assert_eq!(unread, [(0, "C", "UnauthorizedOperation")]);
    assert!(!related.is_complete());
}

#[test]
fn a_resource_is_found_by_id_name_or_arn() {
    let mut named = item("A", "a", &[]);
    named.resource_name = Some("web".into());
    named.arn = Some("arn:aws:x:::a".into());
    let mut gone = item("A", "web", &[]);
    gone.status = crate::item::ItemStatus::ResourceDeleted;
    let snapshot = Snapshot::new(about(&["A"]), vec![named, item("B", "web", &[]), gone]);
    for (name, found) in [("a", 1), ("web", 2), ("arn:aws:x:::a", 1), ("b", 0)] {
        assert_eq!(find(&snapshot, name).len(), found, "{name}");
    }
}
