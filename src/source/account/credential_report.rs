//! IAM's credential report: asked for, waited for, and taken apart into a row for each user and the root user.
//!
//! One report serves the whole account. AWS makes a new one at most every four hours and answers in CSV
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html>).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;

use super::{Account, Api};
use crate::item::format_time;
use crate::value::{Unreadable, Value, code};

/// The row of the root user.
pub(super) const ROOT: &str = "<root_account>";

/// How often AWS is asked at most whether the report is there.
const MOST_ASKED: u64 = 8;

/// How often each of the collector's operations is called at most, in their order.
pub(crate) const REPORT_CALLS: [u64; 2] = [MOST_ASKED, 1];

/// The rows by user name.
#[derive(Debug)]
pub(super) struct Report(BTreeMap<String, Value>);

impl<A: Api> Account<A> {
    /// The row of one user.
    pub(super) async fn credentials(&self, user: &str) -> Result<Value, Arc<Unreadable>> {
        let report = self.credential_report.get_or_init(|| self.read_credential_report()).await.as_ref();
        report.map_err(Arc::clone)?.0.get(user).cloned().ok_or_else(|| {
            self.report_failure("GetCredentialReport", code::NOT_FOUND, "the report is older than the user".into())
        })
    }

    async fn read_credential_report(&self) -> Result<Report, Arc<Unreadable>> {
        let region = &self.identity().global_region;
        let nothing = Value::object::<&str>([]);
        let mut pause = Duration::from_millis(500);
        for asked in 1.. {
            let answer = self.call_named(region, "iam", "GenerateCredentialReport", &nothing).await?;
            if answer.get("State").and_then(Value::as_str) == Some("COMPLETE") {
                break;
            }
            if asked == MOST_ASKED {
                let message = "AWS did not finish the credential report in time".to_owned();
                return Err(self.report_failure("GenerateCredentialReport", code::TIMEOUT, message));
            }
            self.api.sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(10));
        }
        let answer = self.call_named(region, "iam", "GetCredentialReport", &nothing).await?;
        let content = answer.get("Content").and_then(Value::as_str).unwrap_or_default();
        parse(content)
            .map(Report)
            .map_err(|message| self.report_failure("GetCredentialReport", code::MALFORMED, message))
    }

    fn report_failure(&self, operation: &str, code: &str, message: String) -> Arc<Unreadable> {
        Arc::new(Unreadable {
            operation: format!("iam:{operation}"),
            action: self.action("iam", operation),
            code: code.to_owned(),
            message,
        })
    }
}

/// The rows of a report in base64: an object each, with AWS's names of the columns.
///
/// `true` and `false` are truth values; `N/A` and `no_information` are null: there is nothing to tell.
fn parse(content: &str) -> Result<BTreeMap<String, Value>, String> {
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(content)
        .map_err(|error| format!("the credential report is not base64: {error}"))?;
    let text = String::from_utf8(bytes).map_err(|_| "the credential report is not UTF-8".to_owned())?;
    let mut lines = text.lines();
    let columns: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
    if columns.get(..2) != Some(&["user", "arn"]) || !columns.contains(&"mfa_active") {
        return Err("the credential report has no head".into());
    }
    let mut rows = BTreeMap::new();
    for (number, line) in lines.enumerate().filter(|(_, line)| !line.is_empty()) {
        // The names of IAM users and their paths may hold commas, and nothing is quoted. No other column does.
        let broken = || format!("row {} of the credential report is not a user's", number + 1);
        let mut cells: Vec<&str> = line.rsplitn(columns.len() - 1, ',').collect();
        let (user, arn) = cells.pop().and_then(|owner| owner.split_once(",arn:")).ok_or_else(broken)?;
        let arn = format!("arn:{arn}");
        cells.extend([arn.as_str(), user]);
        cells.reverse();
        if cells.len() != columns.len() {
            return Err(broken());
        }
        let row = Value::object(columns.iter().zip(&cells).map(|(column, cell)| (column, value(cell))));
        rows.insert(user.to_owned(), row);
    }
    Ok(rows)
}

fn value(cell: &str) -> Value {
    match cell {
        "true" | "TRUE" => true.into(),
        "false" | "FALSE" => false.into(),
        "N/A" | "no_information" => Value::Null,
        other if other.contains('T') => {
            other.parse::<jiff::Timestamp>().map_or_else(|_| other.into(), |time| format_time(time).into())
        }
        other => other.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(text: &str) -> String {
        base64::engine::general_purpose::STANDARD.encode(text)
    }

    #[test]
    fn rows_by_user_with_typed_cells() {
        let rows = parse(&encoded(
            "user,arn,user_creation_time,password_enabled,password_last_used,mfa_active\n\
             <root_account>,arn:aws:iam::1:root,2020-01-02T03:04:05+00:00,not_supported,no_information,true\n\
             a,b,arn:aws:iam::1:user/a,b,2020-01-02T03:04:05+00:00,false,N/A,false",
        ))
        .unwrap();
        assert_eq!(
            rows[ROOT].to_string(),
            r#"{"arn":"arn:aws:iam::1:root","mfa_active":true,"password_enabled":"not_supported","password_last_used":null,"user":"<root_account>","user_creation_time":"2020-01-02T03:04:05.000Z"}"#
        );
        assert_eq!(rows["a,b"].get("arn").unwrap().as_str(), Some("arn:aws:iam::1:user/a,b"));
        assert_eq!(rows["a,b"].get("password_enabled").unwrap().as_bool(), Some(false));
    }

    #[test]
    fn a_report_that_is_cut_off_is_no_report() {
        for text in ["", "user,arn,mfa_active\na,b", "name,arn\n"] {
            assert!(parse(&encoded(text)).is_err(), "{text:?}");
        }
        assert!(parse("%%%").is_err());
    }
}
