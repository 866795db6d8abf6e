//! What a word matches: itself, or as a glob whatever has its form.

use globset::{Glob, GlobMatcher};

/// A word or a glob (`*`, `?`, `[a-z]`, `{a,b}`; `*` goes over `/` and `:` too). Upper and lower case are different, as
/// in AWS's names.
#[derive(Clone, Debug)]
pub struct Pattern {
    text: String,
    glob: Option<GlobMatcher>,
}

/// A glob that is none.
#[derive(Debug, thiserror::Error)]
#[error("`{text}` is not a pattern")]
pub struct PatternError {
    /// What was given.
    pub text: String,
    /// Why.
    #[source]
    pub source: globset::Error,
}

impl Pattern {
    /// The pattern of this text.
    ///
    /// # Errors
    /// The text looks like a glob and is none.
    pub fn new(text: impl Into<String>) -> Result<Self, PatternError> {
        let text = text.into();
        let glob = if text.contains(['*', '?', '[', '{', '\\']) {
            match Glob::new(&text) {
                Ok(glob) => Some(glob.compile_matcher()),
                Err(source) => return Err(PatternError { text, source }),
            }
        } else {
            None
        };
        Ok(Self { text, glob })
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it is a glob, and not a word that stands for itself.
    pub fn is_glob(&self) -> bool {
        self.glob.is_some()
    }

    /// Whether the text is what is meant.
    pub fn matches(&self, text: &str) -> bool {
        self.glob.as_ref().map_or_else(|| self.text == text, |glob| glob.is_match(text))
    }

    /// Whether nothing is left out.
    pub fn is_everything(&self) -> bool {
        !self.text.is_empty() && self.text.bytes().all(|byte| byte == b'*')
    }
}

/// Any of several patterns. Without one nothing is asked for, and everything matches.
#[derive(Clone, Debug, Default)]
pub struct Patterns(Vec<Pattern>);

impl Patterns {
    /// The patterns of these texts.
    ///
    /// # Errors
    /// The first that is none.
    pub fn new<T: Into<String>>(texts: impl IntoIterator<Item = T>) -> Result<Self, PatternError> {
        texts.into_iter().map(Pattern::new).collect::<Result<_, _>>().map(Self)
    }

    /// Each of them, in the order in which they were written.
    pub fn iter(&self) -> impl Iterator<Item = &Pattern> {
        self.0.iter()
    }

    /// Whether no condition is set.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether everything matches.
    pub fn is_everything(&self) -> bool {
        self.0.is_empty() || self.0.iter().any(Pattern::is_everything)
    }

    /// Whether the text is meant.
    pub fn matches(&self, text: &str) -> bool {
        self.0.is_empty() || self.0.iter().any(|pattern| pattern.matches(text))
    }

    /// Whether the text is meant. A resource without such a text is meant only if nothing is asked of it.
    pub fn matches_optional(&self, text: Option<&str>) -> bool {
        self.0.is_empty() || text.is_some_and(|text| self.matches(text))
    }

    /// The texts, sorted, each once: their order means nothing.
    pub fn texts(&self) -> Vec<&str> {
        let mut texts: Vec<&str> = self.0.iter().map(Pattern::as_str).collect();
        texts.sort_unstable();
        texts.dedup();
        texts
    }
}

impl FromIterator<Pattern> for Patterns {
    fn from_iter<I: IntoIterator<Item = Pattern>>(patterns: I) -> Self {
        Self(patterns.into_iter().collect())
    }
}
