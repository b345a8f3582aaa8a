//! Messages in files of ours, from which they come back in whatever language is read then.
//!
//! For `#[serde(with = "crate::text::stored")]`, of a message or of one that may be missing. Beside its key stands what a message says in
//! English, for readers that have no such key any more.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Language, Message, Phrase, Value, catalogue};

/// What a message may be in.
pub trait Stored: Sized {
    /// What is written.
    fn to_parts(&self) -> Option<Parts>;

    /// What comes of it.
    fn from_parts(parts: Option<Parts>) -> Self;
}

/// A message in a file.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
pub enum Parts {
    /// Words that no catalogue has.
    Words(String),
    /// Words of the catalogue.
    Said {
        /// Where they stand in it.
        key: String,
        /// The names of variables, and what stands in their places.
        args: Vec<(String, Part)>,
        /// All of it in English.
        english: String,
    },
}

/// What stands in the place of a variable.
#[derive(Serialize, Deserialize)]
pub enum Part {
    /// As it is.
    Text(String),
    /// A whole number.
    Whole(i64),
    /// A text of the catalogue.
    Phrase(String),
    /// A text with figures of its own.
    Message(Box<Parts>),
}

/// Writes it.
///
/// # Errors
/// The serializer's.
pub fn serialize<T: Stored, S: Serializer>(message: &T, serializer: S) -> Result<S::Ok, S::Error> {
    message.to_parts().serialize(serializer)
}

/// Reads it.
///
/// # Errors
/// The deserializer's, or another shape.
pub fn deserialize<'de, T: Stored, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    Option::<Parts>::deserialize(deserializer).map(T::from_parts)
}

impl Stored for Message {
    fn to_parts(&self) -> Option<Parts> {
        Some(parts(self))
    }

    fn from_parts(parts: Option<Parts>) -> Self {
        parts.map_or_else(|| Self::verbatim(""), message)
    }
}

impl Stored for Option<Message> {
    fn to_parts(&self) -> Option<Parts> {
        self.as_ref().map(parts)
    }

    fn from_parts(parts: Option<Parts>) -> Self {
        parts.map(message)
    }
}

fn parts(message: &Message) -> Parts {
    match message {
        Message::Verbatim(words) => Parts::Words(words.clone()),
        Message::Said { key, args } => Parts::Said {
            key: (*key).to_owned(),
            args: args.iter().map(|(name, value)| ((*name).to_owned(), part(value))).collect(),
            english: message.english(),
        },
    }
}

fn part(value: &Value) -> Part {
    match value {
        Value::Text(text) => Part::Text(text.clone()),
        Value::Whole(n) => Part::Whole(*n),
        Value::Phrase(phrase) => Part::Phrase(phrase.0.to_owned()),
        Value::Message(message) => Part::Message(Box::new(parts(message))),
    }
}

/// The message; where the catalogue has not all that it is made of, what it said in English.
fn message(parts: Parts) -> Message {
    match parts {
        Parts::Words(words) => Message::Verbatim(words),
        Parts::Said { key, args, english } => {
            let known =
                catalogue::own_key(&key).and_then(|key| Some(Message::Said { key, args: values(args)? }));
            // A key that is left with other variables than it had says itself and nothing else.
            match known {
                Some(message) if catalogue::is_complete(Language::English, &message) => message,
                _ => Message::Verbatim(english),
            }
        }
    }
}

fn values(args: Vec<(String, Part)>) -> Option<Vec<(&'static str, Value)>> {
    let value = |part| match part {
        Part::Text(text) => Some(Value::Text(text)),
        Part::Whole(n) => Some(Value::Whole(n)),
        Part::Phrase(key) => catalogue::own_key(&key).map(|key| Value::Phrase(Phrase(key))),
        Part::Message(parts) => Some(Value::Message(Box::new(message(*parts)))),
    };
    args.into_iter().map(|(name, part)| Some((catalogue::own_variable(&name)?, value(part)?))).collect()
}
