//! What is said to people: a catalogue in each language, and texts that are made of it.
//!
//! A text stands in `assets/text/LANGUAGE/*.ftl` under a key, in the syntax of Fluent, and the code names the key: `t!` says it at once,
//! `msg!` keeps it with its figures until somebody reads it, `phrase!` is one without figures that a table may hold. `key.part` is
//! an attribute of a message. `tests/texts.rs` holds code and catalogues against each other.
//!
//! Every thread speaks English until [`speak`] says otherwise: the window's thread does, and whoever prints `--help`. So reports, files, logs
//! and what commands print are the same everywhere, whichever language the window has.

mod catalogue;
mod language;
pub mod stored;

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

use serde::{Serialize, Serializer};

pub use catalogue::{formatted, grouped, plain};
pub use language::{LANGUAGE_VAR, Language, speak, spoken};

/// The text under a key: a `&'static str`, or a `String` where the message has figures: `t!("layer-of", layer = 3, of = 8)`.
macro_rules! t {
    ($key:literal $(,)?) => { $crate::text::plain($key) };
    ($key:literal, $($name:ident = $value:expr),+ $(,)?) => {
        $crate::text::formatted($key, &[$((stringify!($name), $crate::text::Value::from($value))),+])
    };
}

/// A [`Message`]: the same as `t!`, but said when it is read, in the language of whoever reads it.
macro_rules! msg {
    ($key:literal $(,)?) => { $crate::text::Message::new($key, Vec::new()) };
    ($key:literal, $($name:ident = $value:expr),+ $(,)?) => {
        $crate::text::Message::new($key, vec![$((stringify!($name), $crate::text::Value::from($value))),+])
    };
}

/// A [`Phrase`]: a text without figures, for tables that the compiler lays out.
macro_rules! phrase {
    ($key:literal) => {
        $crate::text::Phrase($key)
    };
}

pub(crate) use {msg, phrase, t};

/// A text without figures, by its key in the catalogue; an empty key is an empty text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Phrase(pub &'static str);

/// A text with the figures that it tells, to be said in whatever language it is read in.
#[derive(Clone, PartialEq, Eq)]
pub enum Message {
    /// Words of the catalogue.
    Said {
        /// Where they stand in it.
        key: &'static str,
        /// The names of variables, and what stands in their places.
        args: Vec<(&'static str, Value)>,
    },
    /// Words that no catalogue has, such as what another program says: the same in every language.
    Verbatim(String),
}

/// What stands in the place of a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// As it is: a name, a path, a number as it is to be read.
    Text(String),
    /// A whole number, which also chooses between one and many. `GROUPED($n)` sets its thousands apart.
    Whole(i64),
    /// Another text of the catalogue.
    Phrase(Phrase),
    /// Another text with figures of its own.
    Message(Box<Message>),
}

impl Phrase {
    /// No text.
    pub const NONE: Self = Self("");

    /// In the language of this thread.
    #[must_use]
    pub fn text(self) -> &'static str {
        if self.0.is_empty() { "" } else { plain(self.0) }
    }

    /// In English, for files, logs and scripts.
    #[must_use]
    pub fn english(self) -> &'static str {
        if self.0.is_empty() { "" } else { catalogue::plain_in(Language::English, self.0) }
    }

    /// Whether there is nothing to say.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0.is_empty()
    }
}

impl Message {
    /// The text `key` with these figures; `msg!` is shorter.
    #[must_use]
    pub fn new(key: &'static str, args: Vec<(&'static str, Value)>) -> Self {
        Self::Said { key, args }
    }

    /// Words that no catalogue has.
    #[must_use]
    pub fn verbatim(words: impl Into<String>) -> Self {
        Self::Verbatim(words.into())
    }

    /// The message that stands in the place of `name`, where this is the text under `key`.
    #[must_use]
    pub fn part(&self, key: &str, name: &str) -> Option<&Self> {
        let Self::Said { key: own, args } = self else { return None };
        let value = args.iter().filter(|_| *own == key).find(|(of, _)| *of == name)?;
        if let (_, Value::Message(message)) = value { Some(message) } else { None }
    }

    /// The same with what `change` makes of every name, path and quotation in it.
    #[must_use]
    pub fn with_texts(self, change: &impl Fn(&str) -> String) -> Self {
        match self {
            Self::Verbatim(words) => Self::Verbatim(change(&words)),
            Self::Said { key, args } => {
                let change = |value| match value {
                    Value::Text(text) => Value::Text(change(&text)),
                    Value::Message(message) => Value::Message(Box::new(message.with_texts(change))),
                    other => other,
                };
                Self::Said {
                    key,
                    args: args.into_iter().map(|(name, value)| (name, change(value))).collect(),
                }
            }
        }
    }

    /// In the language of this thread.
    #[must_use]
    pub fn text(&self) -> String {
        self.text_in(spoken())
    }

    /// In English, for files, logs and scripts.
    #[must_use]
    pub fn english(&self) -> String {
        self.text_in(Language::English)
    }

    /// In `language`.
    #[must_use]
    pub fn text_in(&self, language: Language) -> String {
        match self {
            Self::Said { key: "", .. } => String::new(),
            Self::Said { key, args } if args.is_empty() => catalogue::plain_in(language, key).to_owned(),
            Self::Said { key, args } => catalogue::formatted_in(language, key, args),
            Self::Verbatim(words) => words.clone(),
        }
    }
}

impl From<Phrase> for Message {
    fn from(phrase: Phrase) -> Self {
        Self::new(phrase.0, Vec::new())
    }
}

impl Deref for Phrase {
    type Target = str;

    fn deref(&self) -> &str {
        self.text()
    }
}

impl AsRef<str> for Phrase {
    fn as_ref(&self) -> &str {
        self.text()
    }
}

impl From<Phrase> for String {
    fn from(phrase: Phrase) -> Self {
        phrase.text().to_owned()
    }
}

impl fmt::Display for Phrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.text())
    }
}

impl fmt::Debug for Phrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.english(), f)
    }
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text())
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.english(), f)
    }
}

impl Serialize for Phrase {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.english())
    }
}

impl Serialize for Message {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.english())
    }
}

macro_rules! whole {
    ($($of:ty),*) => {
        $(impl From<$of> for Value {
            fn from(n: $of) -> Self {
                Self::Whole(i64::try_from(n).unwrap_or(i64::MAX))
            }
        })*
    };
}
whole!(u8, u16, u32, u64, usize, i32, i64);

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Cow<'_, str>> for Value {
    fn from(text: Cow<'_, str>) -> Self {
        Self::Text(text.into_owned())
    }
}

impl From<Phrase> for Value {
    fn from(phrase: Phrase) -> Self {
        Self::Phrase(phrase)
    }
}

impl From<Message> for Value {
    fn from(message: Message) -> Self {
        Self::Message(Box::new(message))
    }
}

impl From<&Message> for Value {
    fn from(message: &Message) -> Self {
        Self::Message(Box::new(message.clone()))
    }
}
