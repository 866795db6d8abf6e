//! How a rule's finding is mended, as text to copy: a command of the AWS CLI, a block of Terraform.
//!
//! Both may hold placeholders, `{{resourceId}}`, for which a report puts the names of the finding's resource. Whoever names
//! a resource has no say in what is run: so a placeholder may stand only where its value can be quoted, and that is checked
//! here, when the rule is loaded. assize shows these texts and runs none of them.

use std::fmt;

use hcl_edit::parser::parse_body;

/// What a rule says of mending, beside its words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fix {
    /// Commands of the AWS CLI, version 2, for a POSIX shell.
    pub cli: Option<Snippet>,
    /// A block of Terraform's AWS provider with the arguments that matter.
    pub terraform: Option<Snippet>,
}

impl Fix {
    /// The snippets that these texts make.
    ///
    /// # Errors
    /// What is wrong with the first that is.
    pub fn new(cli: Option<&str>, terraform: Option<&str>) -> Result<Self, Defect> {
        let fix = Self::known(cli, terraform)?;
        fix.snippets().try_for_each(Snippet::check)?;
        Ok(fix)
    }

    /// The snippets of a built-in rule, whose HCL is known to be some: no run has to parse that of all rules.
    pub(super) fn known(cli: Option<&str>, terraform: Option<&str>) -> Result<Self, Defect> {
        let snippet = |language, text: Option<&str>| text.map(|text| Snippet::read(language, text)).transpose();
        Ok(Self { cli: snippet(Language::Shell, cli)?, terraform: snippet(Language::Hcl, terraform)? })
    }

    /// The snippets that there are.
    pub fn snippets(&self) -> impl Iterator<Item = &Snippet> {
        self.cli.iter().chain(&self.terraform)
    }
}

/// What a snippet is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Commands for a POSIX shell.
    Shell,
    /// Terraform's configuration language.
    Hcl,
}

impl Language {
    /// The rule's key for it, under `fix`.
    pub fn key(self) -> &'static str {
        match self {
            Self::Shell => "cli",
            Self::Hcl => "terraform",
        }
    }

    /// What stands above a snippet.
    pub fn heading(self) -> &'static str {
        match self {
            Self::Shell => "With the AWS CLI",
            Self::Hcl => "In Terraform",
        }
    }

    /// What a fenced block of Markdown calls it.
    pub fn fence(self) -> &'static str {
        match self {
            Self::Shell => "sh",
            Self::Hcl => "hcl",
        }
    }
}

/// A text with placeholders, each where its value can be quoted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snippet {
    language: Language,
    text: String,
    parts: Vec<Part>,
}

/// A piece of a snippet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Text as it is.
    Text(String),
    /// A name of the finding's resource.
    Placeholder {
        /// Which.
        name: Placeholder,
        /// Whether nothing else belongs to the same word or string.
        alone: bool,
    },
}

/// What a snippet may leave open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Placeholder {
    /// The resource's id.
    ResourceId,
    /// The resource's name.
    ResourceName,
    /// The resource's ARN.
    Arn,
    /// The region it is in.
    AwsRegion,
    /// The account it is of.
    AccountId,
    /// The partition it is in, such as `aws-cn`.
    Partition,
}

impl Placeholder {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::ResourceId, Self::ResourceName, Self::Arn, Self::AwsRegion, Self::AccountId, Self::Partition];

    /// As it is written between braces: the name that the member has in the JSON report.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ResourceId => "resourceId",
            Self::ResourceName => "resourceName",
            Self::Arn => "arn",
            Self::AwsRegion => "awsRegion",
            Self::AccountId => "accountId",
            Self::Partition => "partition",
        }
    }

    /// The word that stands for it where no resource is meant, or where its value is for a person to fill in.
    pub fn word(self) -> &'static str {
        match self {
            Self::ResourceId => "RESOURCE_ID",
            Self::ResourceName => "RESOURCE_NAME",
            Self::Arn => "RESOURCE_ARN",
            Self::AwsRegion => "AWS_REGION",
            Self::AccountId => "ACCOUNT_ID",
            Self::Partition => "PARTITION",
        }
    }
}

/// What is wrong with a snippet.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`fix.{}`: {message}", language.key())]
pub struct Defect {
    /// Which of the two.
    pub language: Language,
    /// The line of the snippet, from 1.
    pub line: usize,
    /// What is wrong there, and what would be right.
    pub message: String,
}

impl Snippet {
    /// A text whose placeholders are known and stand where they may.
    ///
    /// # Errors
    /// The first defect, with its line.
    pub fn new(language: Language, text: &str) -> Result<Self, Defect> {
        let snippet = Self::read(language, text)?;
        snippet.check()?;
        Ok(snippet)
    }

    /// The text in its pieces.
    fn read(language: Language, text: &str) -> Result<Self, Defect> {
        let text = text.trim_end();
        let defect = |(at, message)| {
            let line = text.get(..at).unwrap_or(text).matches('\n').count() + 1;
            Defect { language, line, message }
        };
        if text.trim().is_empty() {
            return Err(defect((0, "there is no text".to_owned())));
        }
        if let Some((at, c)) = text.char_indices().find(|(_, c)| c.is_control() && *c != '\n') {
            return Err(defect((at, format!("the character U+{:04X} does not show", u32::from(c)))));
        }
        let parts = match language {
            Language::Shell => Shell::default().parts(text),
            Language::Hcl => Hcl::default().parts(text),
        };
        Ok(Self { language, text: text.to_owned(), parts: parts.map_err(defect)? })
    }

    /// Whether it is what its language has.
    fn check(&self) -> Result<(), Defect> {
        let Self { language, .. } = *self;
        if language == Language::Hcl
            && let Err(error) = parse_body(&self.generic())
        {
            let message = format!("this is no HCL: {}", error.message());
            return Err(Defect { language, line: error.location().line(), message });
        }
        Ok(())
    }

    /// What it is written in.
    pub fn language(&self) -> Language {
        self.language
    }

    /// As the rule has it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Its pieces, one after the other.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The text for no resource in particular: a word in place of each placeholder.
    pub fn generic(&self) -> String {
        self.parts.iter().fold(String::with_capacity(self.text.len()), |mut text, part| {
            match part {
                Part::Text(piece) => text.push_str(piece),
                Part::Placeholder { name, .. } => text.push_str(name.word()),
            }
            text
        })
    }
}

impl fmt::Display for Snippet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Where in the text something is wrong, and what.
type Wrong = (usize, String);

/// What follows a text from its beginning, and says whether a placeholder may stand where it is.
trait Reader {
    /// Reads one character that belongs to no placeholder.
    fn read(&mut self, c: char, next: Option<char>) -> Result<(), String>;

    /// Whether a placeholder may stand here, in front of `next`; if so, whether it is the beginning of its word or string.
    fn placeholder(&mut self, next: Option<char>) -> Result<bool, String>;

    /// Whether this character, or the end, leaves a placeholder in front of it alone.
    fn ends(&self, c: Option<char>) -> bool;

    /// Whether the text may end here.
    fn end(&self) -> Result<(), String>;

    fn parts(mut self, text: &str) -> Result<Vec<Part>, Wrong>
    where
        Self: Sized,
    {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut at = 0;
        while let Some(rest) = text.get(at..)
            && let Some(c) = rest.chars().next()
        {
            if let Some(inner) = rest.strip_prefix("{{") {
                let Some((name, after)) = inner.split_once("}}") else {
                    return Err((at, "a placeholder is not closed by `}}`".to_owned()));
                };
                let found = Placeholder::ALL.into_iter().find(|one| one.as_str() == name);
                let Some(found) = found else { return Err((at, unknown(name))) };
                let next = after.chars().next();
                let is_first = self.placeholder(next).map_err(|message| (at, message))?;
                if !plain.is_empty() {
                    parts.push(Part::Text(std::mem::take(&mut plain)));
                }
                at += name.len() + 4;
                parts.push(Part::Placeholder { name: found, alone: is_first && self.ends(next) });
            } else {
                at += c.len_utf8();
                let next = text.get(at..).and_then(|rest| rest.chars().next());
                self.read(c, next).map_err(|message| (at - c.len_utf8(), message))?;
                plain.push(c);
            }
        }
        self.end().map_err(|message| (text.len(), message))?;
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        Ok(parts)
    }
}

fn unknown(name: &str) -> String {
    let shown: String = name.chars().take(30).take_while(|c| *c != '\n').collect();
    let names: Vec<&str> = Placeholder::ALL.iter().map(|one| one.as_str()).collect();
    format!("no placeholder is called `{shown}`: there are {}", names.join(", "))
}

/// A POSIX shell's quotes, as far as snippets use them.
#[derive(Default)]
struct Shell {
    within: Within,
    /// Whether the next character belongs to a word that has begun.
    in_word: bool,
}

#[derive(Clone, Copy, Default, PartialEq)]
enum Within {
    #[default]
    Nothing,
    Single,
    Double,
    Comment,
    /// Behind a backslash, in double quotes or not.
    Escape {
        quoted: bool,
    },
}

impl Reader for Shell {
    fn read(&mut self, c: char, next: Option<char>) -> Result<(), String> {
        let begins_word = !std::mem::replace(&mut self.in_word, !" \n;&|()".contains(c));
        self.within = match (self.within, c) {
            (Within::Nothing, '\'') => Within::Single,
            (Within::Nothing, '"') | (Within::Escape { quoted: true }, _) => Within::Double,
            (Within::Nothing, '#') if begins_word => Within::Comment,
            // A shell joins what stands on both lines: what looks like a comment on the second would be none.
            (Within::Nothing, '\\') if next == Some('\n') && !begins_word => {
                return Err("a line goes on in the middle of a word: put a space in front of the backslash".to_owned());
            }
            (Within::Nothing, '\\') => Within::Escape { quoted: false },
            (Within::Double, '\\') => Within::Escape { quoted: true },
            (Within::Single, '\'') | (Within::Double, '"') | (Within::Comment, '\n') => Within::Nothing,
            (Within::Escape { quoted: false }, _) => {
                // A line that goes on begins a word.
                self.in_word = c != '\n';
                Within::Nothing
            }
            (Within::Nothing | Within::Double, '$' | '`') => {
                return Err("a shell would put something in place of `$` and backticks: what a person has to \
                            supply is an upper-case word, other text belongs between single quotes"
                    .to_owned());
            }
            (Within::Nothing, '<' | '>') => {
                return Err("a shell reads `<` and `>` as files: what a person has to supply is an upper-case word, \
                            such as KEY_ARN"
                    .to_owned());
            }
            (within, _) => within,
        };
        Ok(())
    }

    fn placeholder(&mut self, _next: Option<char>) -> Result<bool, String> {
        let where_it_is = match self.within {
            Within::Nothing => return Ok(!std::mem::replace(&mut self.in_word, true)),
            Within::Single | Within::Double => "between quotes",
            Within::Comment => "in a comment",
            Within::Escape { .. } => "behind a backslash",
        };
        Err(format!("a placeholder stands {where_it_is}: it becomes a quoted word of its own, so write it plainly"))
    }

    fn ends(&self, c: Option<char>) -> bool {
        c.is_none_or(|c| " \n".contains(c))
    }

    fn end(&self) -> Result<(), String> {
        match self.within {
            Within::Nothing | Within::Comment => Ok(()),
            Within::Single | Within::Double => Err("a quote is not closed".to_owned()),
            Within::Escape { .. } => Err("the last line ends with a backslash".to_owned()),
        }
    }
}

/// HCL's strings and comments, as far as snippets use them: where a placeholder stands the string is plain.
#[derive(Default)]
struct Hcl {
    within: InHcl,
}

#[derive(Clone, Copy, Default, PartialEq)]
enum InHcl {
    #[default]
    Nothing,
    /// In a string without an expression; `empty` as long as there is nothing in it.
    String {
        empty: bool,
    },
    Escape,
    LineComment,
    /// Behind the beginning of an expression in a string, of a comment of several lines, or of a here-document: this
    /// reader does not look for its end.
    Unread,
}

impl Reader for Hcl {
    fn read(&mut self, c: char, next: Option<char>) -> Result<(), String> {
        self.within = match (self.within, c) {
            (InHcl::Nothing, '"') => InHcl::String { empty: true },
            (InHcl::Nothing, '#') => InHcl::LineComment,
            (InHcl::Nothing, '/') if next == Some('/') => InHcl::LineComment,
            (InHcl::Nothing, '/') if next == Some('*') => InHcl::Unread,
            (InHcl::Nothing, '<') if next == Some('<') => InHcl::Unread,
            (InHcl::String { .. }, '"') | (InHcl::LineComment, '\n') => InHcl::Nothing,
            (InHcl::String { .. }, '\\') => InHcl::Escape,
            (InHcl::String { .. }, '$' | '%') if next == Some('{') => InHcl::Unread,
            (InHcl::String { .. } | InHcl::Escape, _) => InHcl::String { empty: false },
            (within, _) => within,
        };
        Ok(())
    }

    fn placeholder(&mut self, next: Option<char>) -> Result<bool, String> {
        match self.within {
            InHcl::String { .. } if next == Some('{') => {
                Err("behind a placeholder stands a brace: a name that ends with `$` would make an expression of it"
                    .to_owned())
            }
            InHcl::String { empty } => {
                self.within = InHcl::String { empty: false };
                Ok(empty)
            }
            InHcl::Unread => {
                Err("a placeholder stands behind `${`, `/*` or a here-document: put it in front".to_owned())
            }
            _ => Err("a placeholder has to stand between double quotes".to_owned()),
        }
    }

    fn ends(&self, c: Option<char>) -> bool {
        c == Some('"')
    }

    fn end(&self) -> Result<(), String> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
