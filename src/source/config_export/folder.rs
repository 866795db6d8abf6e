//! The files of a folder that is a bucket of AWS Config, or a part of one, on this machine.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::delivery::{Filter, Name};

/// What a folder or a bucket holds, by names alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Files<P> {
    /// The files with items that are wanted, from the earliest delivery to the latest.
    pub deliveries: Vec<P>,
    /// How many of AWS Config's files are not wanted.
    pub filtered: usize,
    /// How many empty files of AWS Config's check there are.
    pub checks: usize,
    /// What AWS Config did not write, sorted.
    pub others: Vec<P>,
}

/// Sorts files by what their names tell.
pub fn sort<P: Ord>(files: impl IntoIterator<Item = P>, key: impl Fn(&P) -> String, filter: &Filter) -> Files<P> {
    let mut sorted = Files { deliveries: Vec::new(), filtered: 0, checks: 0, others: Vec::new() };
    let mut dated = Vec::new();
    for file in files {
        match Name::of_key(&key(&file)) {
            Name::Delivery(delivery) if filter.takes(&delivery) => dated.push((delivery.at, file)),
            Name::Delivery(_) => sorted.filtered += 1,
            Name::Check => sorted.checks += 1,
            Name::Other => sorted.others.push(file),
        }
    }
    dated.sort();
    sorted.deliveries = dated.into_iter().map(|(_, file)| file).collect();
    sorted.others.sort();
    sorted
}

/// The files of a folder and of all folders below it. Links to folders are not followed: they may lead in a circle.
///
/// # Errors
/// The folder that cannot be read, and why.
pub fn walk(folder: &Path, filter: &Filter) -> Result<Files<PathBuf>, (PathBuf, io::Error)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        for entry in entries.map_err(|error| (folder.clone(), error))? {
            let kind = entry.file_type().map_err(|error| (entry.path(), error))?;
            if kind.is_dir() {
                folders.push(entry.path());
            } else if !entry.path().is_dir() {
                found.push(entry.path());
            }
        }
    }
    Ok(sort(found, |path| path.to_string_lossy().into_owned(), filter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_read_in_the_order_of_delivery() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().expect("it has one")).expect("folders can be made");
            fs::write(&path, "").expect("it is written");
            path
        };
        let day = "AWSLogs/111122223333/Config/eu-west-1/2025/1/2";
        let history =
            "ConfigHistory/111122223333_Config_eu-west-1_ConfigHistory_AWS_20250102T060000Z_20250102T120000Z_1.json.gz";
        let later = write(&format!("{day}/{history}"));
        let earlier = write(&format!(
            "{day}/ConfigSnapshot/111122223333_Config_eu-west-1_ConfigSnapshot_20250102T100000Z_x.json.gz"
        ));
        write("AWSLogs/111122223333/Config/ConfigWritabilityCheckFile");
        let other = write("notes/read me.txt");
        let files = walk(folder.path(), &Filter::default()).expect("it is read");
        assert_eq!(files.deliveries, [earlier, later.clone()]);
        assert_eq!((files.filtered, files.checks, files.others), (0, 1, vec![other]));
        let until = Filter { until: Some("2025-01-01".parse().expect("it is a day")), ..Filter::default() };
        let files = walk(folder.path(), &until).expect("it is read");
        assert_eq!((files.deliveries.len(), files.filtered), (0, 2));
        assert!(walk(&later, &Filter::default()).is_err(), "a file is no folder");
    }
}
