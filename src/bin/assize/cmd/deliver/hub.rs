//! Findings on their way to Security Hub: as many in a call as it takes. What it refuses of them, or all while it cannot be
//! reached, waits; a later finding of the same id says all that an earlier one did.

use std::collections::{BTreeMap, VecDeque};

use assize::config::Deliver;
use assize::history::Waiting;
use assize::source::delivery::{Delivery, Refused};
use assize::value::Value;

use super::{Broken, Channels, Settled};

/// So many findings, and so many bytes, are one call's
/// (<https://docs.aws.amazon.com/securityhub/latest/userguide/finding-update-batchimportfindings.html>).
const MOST: usize = 100;
const BYTES: usize = 6_000_000;

/// Takes the findings out of a queue, by channel in their order: of several with one id the last. Beside them the numbers of
/// those that need not wait any more, as a later one says what they did.
pub(super) fn take(queue: &mut VecDeque<Waiting>) -> (BTreeMap<String, Vec<Waiting>>, Vec<i64>) {
    let (findings, others) = queue.drain(..).partition::<VecDeque<_>, _>(|one| Deliver::hub_of(&one.channel).is_some());
    *queue = others;
    let mut by_channel = BTreeMap::<String, (BTreeMap<String, usize>, Vec<Option<Waiting>>)>::new();
    let mut superseded = Vec::new();
    for finding in findings {
        let (known, kept) = by_channel.entry(finding.channel.clone()).or_default();
        if let Some(earlier) = known.insert(text(&finding, "Id"), kept.len()).and_then(|at| kept.get_mut(at)) {
            superseded.extend(earlier.take().and_then(|earlier| earlier.id));
        }
        kept.push(Some(finding));
    }
    let kept = by_channel.into_iter().map(|(channel, (_, kept))| (channel, kept.into_iter().flatten().collect()));
    (kept.collect(), superseded)
}

impl Channels<'_> {
    /// Sends the findings of a channel, and notes what became of each.
    pub(super) fn import(&mut self, channel: &str, findings: Vec<Waiting>, settled: &mut Settled) {
        let mut waiting: VecDeque<Waiting> = findings.into();
        let delivery = match Deliver::hub_of(channel).filter(|_| self.asked.has(channel)) {
            Some(region) => self.connected().map(|delivery| (region, delivery)),
            None => Err(Broken::gone()),
        };
        let (region, delivery) = match delivery {
            Ok(connected) => connected,
            Err(broken) => return self.leave(channel, broken, waiting, settled),
        };
        // Security Hub takes what is of the caller's own account, and nothing else under the account's own product.
        let own = |finding: &Waiting| text(finding, "AwsAccountId") == delivery.account_id();
        let (own, elsewhere) = waiting.drain(..).partition::<VecDeque<_>, _>(own);
        settled.elsewhere += elsewhere.len();
        settled.done.extend(elsewhere.iter().filter_map(|one| one.id));
        waiting = own;
        while !waiting.is_empty() {
            let batch = batch(&mut waiting);
            match self.send_batch(&delivery, region, &batch) {
                Ok(refused) => self.note(channel, batch, &refused, settled),
                Err(broken) => {
                    return self.leave(channel, broken, batch.into_iter().chain(waiting).collect(), settled);
                }
            }
        }
    }

    fn send_batch(&self, delivery: &Delivery, region: &str, batch: &[Waiting]) -> Result<Vec<Refused>, Broken> {
        let findings = batch.iter().map(|one| serde_json::from_str::<Value>(&one.message)).collect::<Result<_, _>>();
        let findings = findings.map_err(|error| Broken::of(&error))?;
        self.runtime.block_on(delivery.import(region, findings)).map_err(|error| Broken::of_call(&error))
    }

    /// Notes which findings of a call were taken.
    fn note(&mut self, channel: &str, batch: Vec<Waiting>, refused: &[Refused], settled: &mut Settled) {
        for finding in batch {
            let id = text(&finding, "Id");
            if refused.iter().any(|one| one.id == id) {
                settled.still.push(finding);
            } else {
                settled.findings += 1;
                settled.done.extend(finding.id);
            }
        }
        if let Some(first) = refused.first() {
            let told = format!("it refused them: {}: {}", first.code, first.message);
            let broken = Broken { code: first.code.clone(), message: first.message.clone(), told };
            self.broken.entry(channel.to_owned()).or_insert(broken);
        }
    }

    fn leave(&mut self, channel: &str, broken: Broken, waiting: VecDeque<Waiting>, settled: &mut Settled) {
        self.broken.insert(channel.to_owned(), broken);
        settled.still.extend(waiting);
    }
}

/// The next findings of a call.
fn batch(waiting: &mut VecDeque<Waiting>) -> Vec<Waiting> {
    let mut bytes = 0;
    let fits = waiting.iter().take(MOST).take_while(|finding| {
        bytes += finding.message.len() + 1;
        bytes <= BYTES
    });
    // One always goes: a finding is a small part of what a call takes.
    let fits = fits.count().max(1);
    waiting.drain(..fits.min(waiting.len())).collect()
}

/// A text of a finding.
fn text(finding: &Waiting, member: &str) -> String {
    let read = serde_json::from_str::<serde_json::Value>(&finding.message);
    read.ok().and_then(|finding| Some(finding.get(member)?.as_str()?.to_owned())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(number: Option<i64>, hub: &str, id: &str, text: &str) -> Waiting {
        let message = serde_json::json!({"Id": id, "AwsAccountId": "111122223333", "Description": text}).to_string();
        Waiting { id: number, channel: Deliver::hub(hub), message, file: None }
    }

    #[test]
    fn a_later_finding_takes_the_place_of_an_earlier_one() {
        let message = Waiting { channel: "sns".to_owned(), ..Waiting::default() };
        let mut queue = VecDeque::from([
            finding(Some(1), "eu-west-1", "a", "open"),
            message.clone(),
            finding(Some(2), "eu-west-1", "b", "open"),
            finding(Some(3), "us-east-1", "a", "of another hub"),
            finding(None, "eu-west-1", "a", "still open"),
        ]);
        let (taken, superseded) = take(&mut queue);
        assert_eq!((queue, superseded), (VecDeque::from([message]), vec![1]));
        let told: Vec<_> = taken.values().flatten().map(|one| (text(one, "Id"), text(one, "Description"))).collect();
        let expected = [("b", "open"), ("a", "still open"), ("a", "of another hub")];
        assert_eq!(told, expected.map(|(id, text)| (id.to_owned(), text.to_owned())));
    }

    #[test]
    fn a_call_has_as_many_findings_as_it_takes() {
        let many = |count: usize, size: usize| -> VecDeque<Waiting> {
            let text = "x".repeat(size);
            (0..count).map(|id| finding(None, "eu-west-1", &id.to_string(), &text)).collect()
        };
        let sizes = |mut waiting: VecDeque<Waiting>| {
            let mut sizes = Vec::new();
            while !waiting.is_empty() {
                let batch = batch(&mut waiting);
                assert!(batch.iter().map(|one| one.message.len() + 1).sum::<usize>() <= BYTES || batch.len() == 1);
                sizes.push(batch.len());
            }
            sizes
        };
        assert_eq!(sizes(many(250, 10)), [100, 100, 50]);
        assert_eq!(sizes(many(60, 239_000)), [25, 25, 10]);
        assert_eq!(sizes(many(2, BYTES)), [1, 1]);
        assert!(sizes(many(0, 0)).is_empty());
    }
}
