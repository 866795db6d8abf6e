//! HTTP exchanges with AWS, kept in a file, so that a scan can be made again without an account.
//!
//! A [`Recorder`] stands between the client and the network and keeps what it sees. A [`Recording`] is what it kept, as
//! a file of JSON lines. A [`Replay`] stands in the place of the network and answers from a recording; it can also
//! answer chosen operations as AWS does when something is wrong (see [`Fault`]), which is how rules are shown to say
//! `INSUFFICIENT_DATA` when they cannot see.
//!
//! No credentials are ever in a recording: the headers of requests are not kept, nor are calls that obtain credentials.
//! Account ids are replaced when asked for ([`Recorder::finish`]). What AWS answered is kept as it is, but for the
//! places where secrets are known to be: user data, environment variables, URLs. `docs/recordings.md` describes
//! the file and how to test rules with it.

mod connector;
mod replay;
mod scrub;

use std::collections::HashMap;
use std::io::{self, Read as _, Write as _};
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

pub use connector::Recorder;
pub use replay::{Fault, Replay};

pub(super) use connector::{Call, ErrorForm, ForgedPage};
pub(super) use replay::NotRecorded;

/// The first line of a recording says that it is one, by this word.
pub const FORMAT: &str = "assize-recording";

/// The version of the file format. A reader refuses a newer one.
pub const VERSION: u32 = 1;

/// A request and the answer to it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exchange {
    /// The service's key: `s3`.
    pub service: String,
    /// The region that was asked.
    pub region: String,
    /// The operation: `GetBucketPolicy`.
    pub operation: String,
    /// The HTTP method.
    pub method: String,
    /// Path and query, without the host. A bucket of S3 is always the first segment of the path, wherever the real
    /// request named it.
    pub path: String,
    /// The body of the request.
    #[serde(default, skip_serializing_if = "Body::is_empty")]
    pub request: Body,
    /// What came back.
    pub answer: Answer,
}

/// What came back for a request.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Answer {
    /// An HTTP response.
    Response {
        /// The HTTP status.
        status: u16,
        /// Headers that carry meaning, by lower-case name.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        headers: Vec<(String, String)>,
        /// The body.
        #[serde(default, skip_serializing_if = "Body::is_empty")]
        body: Body,
    },
    /// No response.
    Failure {
        /// Why there was none.
        failure: Failure,
    },
}

/// Why there was no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Failure {
    /// None came within the deadline.
    Timeout,
    /// The connection could not be made, or broke.
    Connection,
}

/// Bytes of a body: in the file as text if they are UTF-8, else as `{"base64": …}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "BodyFile", into = "BodyFile")]
pub struct Body(pub Vec<u8>);

impl Body {
    /// Whether there are no bytes.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text, if it is UTF-8.
    pub fn as_text(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }
}

impl From<&str> for Body {
    fn from(text: &str) -> Self {
        Self(text.as_bytes().to_vec())
    }
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum BodyFile {
    Text(String),
    Binary {
        #[serde(with = "base64_text")]
        base64: Vec<u8>,
    },
}

impl From<BodyFile> for Body {
    fn from(file: BodyFile) -> Self {
        match file {
            BodyFile::Text(text) => Self(text.into_bytes()),
            BodyFile::Binary { base64 } => Self(base64),
        }
    }
}

impl From<Body> for BodyFile {
    fn from(body: Body) -> Self {
        String::from_utf8(body.0).map_or_else(|not_text| Self::Binary { base64: not_text.into_bytes() }, BodyFile::Text)
    }
}

mod base64_text {
    use base64::Engine as _;
    use base64::prelude::BASE64_STANDARD;
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64_STANDARD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        BASE64_STANDARD.decode(text.as_bytes()).map_err(serde::de::Error::custom)
    }
}

/// A recording that cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordingError {
    /// The file is compressed and broken.
    #[error("the recording cannot be decompressed")]
    Compression(#[source] io::Error),
    /// The file is something else.
    #[error("this is not a recording: its first line does not say `{FORMAT}`")]
    NotARecording,
    /// The file is of a newer version of assize.
    #[error("the recording has version {found} of the format; this assize reads up to {VERSION}")]
    Newer {
        /// The version that the file has.
        found: u32,
    },
    /// A line is not an exchange.
    #[error("line {line} of the recording is not an exchange")]
    Line {
        /// Its number, from 1.
        line: usize,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Header {
    format: String,
    version: u32,
    recorded_at: String,
}

/// The exchanges of one scan.
///
/// A file has one JSON object a line, the first of which tells the format, its version and the time. It may be
/// compressed with gzip as a whole.
#[derive(Debug, Default)]
pub struct Recording {
    recorded_at: String,
    exchanges: Vec<Exchange>,
    /// Positions in `exchanges` by the hash of what makes two requests the same, made when first needed.
    index: OnceLock<HashMap<RequestKey, Vec<usize>>>,
}

/// What makes two requests the same.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct RequestKey {
    service: String,
    region: String,
    operation: String,
    method: String,
    path: String,
    request: Vec<u8>,
}

impl Recording {
    /// A recording of these exchanges, made at this time (RFC 3339). Several answers to one request are kept in their
    /// order; otherwise exchanges are sorted, so that the order in which a scan happened to ask does not matter.
    pub fn new(recorded_at: impl Into<String>, exchanges: impl IntoIterator<Item = Exchange>) -> Self {
        let mut exchanges: Vec<Exchange> = exchanges.into_iter().collect();
        exchanges.sort_by(|a, b| request_of(a).cmp(&request_of(b)));
        Self { recorded_at: recorded_at.into(), exchanges, index: OnceLock::new() }
    }

    /// Reads a recording, compressed with gzip or not.
    pub fn load(bytes: &[u8]) -> Result<Self, RecordingError> {
        let plain;
        let bytes = if bytes.starts_with(&[0x1f, 0x8b]) {
            let mut out = Vec::new();
            flate2::read::MultiGzDecoder::new(bytes).read_to_end(&mut out).map_err(RecordingError::Compression)?;
            plain = out;
            &plain
        } else {
            bytes
        };
        let mut lines =
            bytes.split(|byte| *byte == b'\n').enumerate().filter(|(_, line)| !line.trim_ascii().is_empty());
        let header: Header = lines
            .next()
            .and_then(|(_, line)| serde_json::from_slice(line).ok())
            .filter(|header: &Header| header.format == FORMAT)
            .ok_or(RecordingError::NotARecording)?;
        if header.version > VERSION {
            return Err(RecordingError::Newer { found: header.version });
        }
        let exchanges = lines
            .map(|(at, line)| {
                serde_json::from_slice(line).map_err(|source| RecordingError::Line { line: at + 1, source })
            })
            .collect::<Result<Vec<Exchange>, _>>()?;
        Ok(Self::new(header.recorded_at, exchanges))
    }

    /// Writes the file, compressed with gzip if wanted. The same recording gives the same bytes.
    pub fn write(&self, out: impl io::Write, gzip: bool) -> io::Result<()> {
        if gzip {
            let mut encoder = flate2::write::GzEncoder::new(out, flate2::Compression::best());
            self.write_lines(&mut encoder)?;
            encoder.finish()?.flush()
        } else {
            let mut out = io::BufWriter::new(out);
            self.write_lines(&mut out)?;
            out.flush()
        }
    }

    fn write_lines(&self, out: &mut impl io::Write) -> io::Result<()> {
        let header = Header { format: FORMAT.to_owned(), version: VERSION, recorded_at: self.recorded_at.clone() };
        serde_json::to_writer(&mut *out, &header)?;
        out.write_all(b"\n")?;
        for exchange in &self.exchanges {
            serde_json::to_writer(&mut *out, exchange)?;
            out.write_all(b"\n")?;
        }
        Ok(())
    }

    /// When the recording was made, RFC 3339 in UTC. It is the time of the clock in a replay, too, so that what a rule
    /// says about ages does not change with the day.
    pub fn recorded_at(&self) -> &str {
        &self.recorded_at
    }

    /// All exchanges, in the order of service, region, operation and request.
    pub fn exchanges(&self) -> &[Exchange] {
        &self.exchanges
    }

    /// The recording with every exchange changed by `change`: another account to test a rule on.
    #[must_use]
    pub fn mutate(self, change: impl FnMut(&mut Exchange)) -> Self {
        let mut exchanges = self.exchanges;
        exchanges.iter_mut().for_each(change);
        Self::new(self.recorded_at, exchanges)
    }

    /// The positions of all answers to a request, in their order.
    fn answers(&self, key: &RequestKey) -> &[usize] {
        let index = self.index.get_or_init(|| {
            let mut index: HashMap<RequestKey, Vec<usize>> = HashMap::new();
            for (at, exchange) in self.exchanges.iter().enumerate() {
                let key = RequestKey {
                    service: exchange.service.clone(),
                    region: exchange.region.clone(),
                    operation: exchange.operation.clone(),
                    method: exchange.method.clone(),
                    path: exchange.path.clone(),
                    request: exchange.request.0.clone(),
                };
                index.entry(key).or_default().push(at);
            }
            index
        });
        index.get(key).map_or(&[], Vec::as_slice)
    }
}

fn request_of(exchange: &Exchange) -> (&str, &str, &str, &str, &str, &Body) {
    let Exchange { service, region, operation, method, path, request, .. } = exchange;
    (service, region, operation, method, path, request)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exchange(operation: &str, request: &[u8], body: &[u8]) -> Exchange {
        Exchange {
            service: "ec2".into(),
            region: "eu-west-1".into(),
            operation: operation.into(),
            method: "POST".into(),
            path: "/".into(),
            request: Body(request.to_vec()),
            answer: Answer::Response {
                status: 200,
                headers: vec![("content-type".into(), "text/xml".into())],
                body: Body(body.to_vec()),
            },
        }
    }

    fn bytes(recording: &Recording, gzip: bool) -> Vec<u8> {
        let mut bytes = Vec::new();
        recording.write(&mut bytes, gzip).unwrap();
        bytes
    }

    fn recording() -> Recording {
        let mut hung = exchange("DescribeVolumes", b"Action=DescribeVolumes&NextToken=2", b"");
        hung.answer = Answer::Failure { failure: Failure::Timeout };
        Recording::new(
            "2026-01-02T03:04:05.000Z",
            [
                exchange("DescribeVpcs", b"Action=DescribeVpcs", "<später/>".as_bytes()),
                exchange("DescribeVolumes", b"Action=DescribeVolumes", b"first"),
                exchange("DescribeVolumes", b"Action=DescribeVolumes", b"\xff\x00 second"),
                hung,
            ],
        )
    }

    #[test]
    fn a_file_gives_back_what_was_recorded() {
        for gzip in [false, true] {
            let bytes = bytes(&recording(), gzip);
            assert_eq!(bytes, self::bytes(&recording(), gzip), "the same bytes each time");
            let read = Recording::load(&bytes).unwrap();
            assert_eq!(read.recorded_at(), "2026-01-02T03:04:05.000Z");
            assert_eq!(read.exchanges(), recording().exchanges());
        }
    }

    #[test]
    fn the_order_of_asking_does_not_matter_but_that_of_answers_does() {
        let recording = recording();
        let operations: Vec<_> = recording.exchanges().iter().map(|exchange| exchange.operation.as_str()).collect();
        assert_eq!(operations, ["DescribeVolumes", "DescribeVolumes", "DescribeVolumes", "DescribeVpcs"]);
        let Answer::Response { body, .. } = &recording.exchanges()[0].answer else { panic!() };
        assert_eq!(body.as_text(), Some("first"));
    }

    #[test]
    fn other_files_are_refused_with_the_reason() {
        let error = |bytes: &[u8]| Recording::load(bytes).unwrap_err().to_string();
        assert!(error(b"").contains("not a recording"));
        assert!(
            error(b"{\"format\":\"assize-snapshot\",\"version\":1,\"recordedAt\":\"\"}").contains("not a recording")
        );
        assert!(error(b"{\"format\":\"assize-recording\",\"version\":9,\"recordedAt\":\"\"}").contains("version 9"));
        assert!(error(b"{\"format\":\"assize-recording\",\"version\":1,\"recordedAt\":\"\"}\n\n{}").contains("line 3"));
        let mut broken = bytes(&recording(), true);
        broken.truncate(40);
        assert!(error(&broken).contains("decompressed"));
    }
}
