//! The known word that a mistyped one was most likely meant to be. Every stage that reads what people write uses it.

/// The candidate nearest to `word`, if it is near enough to be meant.
pub fn nearest<'a, S: AsRef<str> + ?Sized + 'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a S>,
) -> Option<&'a str> {
    let lower = word.to_lowercase();
    let most = (word.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (distance(&lower, &candidate.as_ref().to_lowercase()), candidate.as_ref()))
        .filter(|(distance, _)| *distance <= most)
        .min()
        .map(|(_, candidate)| candidate)
}

/// `, did you mean …?` in the form in which messages end, or nothing.
pub fn hint<'a, S: AsRef<str> + ?Sized + 'a>(word: &str, candidates: impl IntoIterator<Item = &'a S>) -> String {
    nearest(word, candidates).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default()
}

/// How many characters must be put in, taken out or changed, or neighbours swapped (optimal string alignment).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    let mut last = None;
    for (i, ca) in a.chars().enumerate() {
        let mut next = Vec::with_capacity(row.len());
        next.push(i + 1);
        let mut last_b = None;
        for (j, &cb) in b.iter().enumerate() {
            let at = |row: &[usize], j: usize| row.get(j).copied().unwrap_or(usize::MAX - 1);
            let mut best = (at(&row, j + 1) + 1).min(at(&next, j) + 1).min(at(&row, j) + usize::from(ca != cb));
            if j > 0 && last == Some(cb) && last_b == Some(ca) {
                best = best.min(at(&before, j - 1) + 1);
            }
            next.push(best);
            last_b = Some(cb);
        }
        before = std::mem::replace(&mut row, next);
        last = Some(ca);
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_single_slips() {
        assert_eq!(distance("volume", "volume"), 0);
        assert_eq!(distance("volmue", "volume"), 1);
        assert_eq!(distance("volum", "volumes"), 2);
        assert_eq!(distance("", "abc"), 3);
    }

    #[test]
    fn suggests_only_what_is_near() {
        let names = ["DescribeVolumes", "DescribeVpcs", "ListBuckets"];
        assert_eq!(nearest("DescribeVolume", names), Some("DescribeVolumes"));
        assert_eq!(nearest("describevpcs", names), Some("DescribeVpcs"));
        assert_eq!(nearest("GetPolicy", names), None);
        assert_eq!(hint("ListBukets", names), "; did you mean `ListBuckets`?");
    }
}
