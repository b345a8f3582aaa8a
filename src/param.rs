//! Descriptions of parameters, from which forms, command-line flags, file headers and tooltips are made.

use crate::text::{Message, Phrase, msg, t};

/// The value of one parameter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ParamValue {
    /// A whole number.
    Int(u64),
    /// A real number.
    Float(f64),
    /// One of the words that the description lists.
    Choice(&'static str),
    /// On or off.
    Bool(bool),
}

/// What values a parameter takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ParamKind {
    /// A whole number, both ends included.
    Int {
        /// The smallest.
        min: u64,
        /// The largest.
        max: u64,
    },
    /// How a search goes: greedily, which is 1, or along so many paths.
    Paths {
        /// The most paths.
        max: u64,
    },
    /// A real number, both ends included.
    Float {
        /// The smallest.
        min: f64,
        /// The largest.
        max: f64,
    },
    /// One of these words.
    Choice(&'static [&'static str]),
    /// On or off.
    Bool,
}

/// When an edit of a parameter takes effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// At the next step of a running training.
    Live,
    /// When training starts again from its beginning.
    Restart,
}

/// Who reads a parameter, by id: of the rules for those of a training, of the extractors for those of features.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readers {
    /// Everybody.
    All,
    /// Those alone.
    Only(&'static [&'static str]),
    /// All others.
    AllBut(&'static [&'static str]),
}

/// How far a parameter reaches: who reads it, and what several trainings may make of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope {
    /// Who reads it.
    pub readers: Readers,
    /// Whether its unit or its default is its reader's own: a value says nothing to another reader, or was not meant for it.
    pub is_own: bool,
    /// Whether trainings that are compared side by side may differ in it. They see the same batches and start from the same first rows; what
    /// decides those is shared.
    pub is_comparable: bool,
}

/// One parameter of `P`: its name, meaning, range, and how to read and write it.
#[derive(Debug)]
pub struct ParamSpec<P: 'static> {
    /// The field's own term: the key in file headers, and with `-` for `_` the command-line flag.
    pub key: &'static str,
    /// The command-line flag where it is not the key itself.
    pub flag: &'static str,
    /// What a form calls it.
    pub label: Phrase,
    /// The unit, empty for a plain number.
    pub unit: Phrase,
    /// The values it takes.
    pub kind: ParamKind,
    /// When an edit takes effect.
    pub effect: Effect,
    /// How far it reaches.
    pub scope: Scope,
    /// What it does, in a sentence or two.
    pub help: Phrase,
    /// Reads it.
    pub read: fn(&P) -> ParamValue,
    /// Writes it; a value of another kind is ignored.
    pub write: fn(&mut P, ParamValue),
}

impl<P> Clone for ParamSpec<P> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P> Copy for ParamSpec<P> {}

/// A parameter is outside of its range, or not a value at all.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{}", t!("param-wrong", label = *.label, key = *.key, got = .got, wanted = .wanted))]
pub struct ParamError {
    /// The parameter's key.
    pub key: &'static str,
    /// The parameter's label.
    pub label: Phrase,
    /// What was given.
    pub got: String,
    /// What would do.
    pub wanted: Message,
}

impl ParamError {
    /// What is wrong, to be said in whatever language it is read.
    #[must_use]
    pub fn message(&self) -> Message {
        msg!("param-wrong", label = self.label, key = self.key, got = &self.got, wanted = &self.wanted)
    }
}

impl Readers {
    /// Whether `id` is one of them.
    #[must_use]
    pub fn includes(self, id: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(ids) => ids.contains(&id),
            Self::AllBut(ids) => !ids.contains(&id),
        }
    }
}

impl Scope {
    /// Of a parameter that everybody reads in the same unit, and that trainings side by side share.
    pub const SHARED: Self = Self { readers: Readers::All, is_own: false, is_comparable: false };

    /// As [`SHARED`](Self::SHARED), but trainings side by side may differ in it.
    pub const COMPARABLE: Self = Self { is_comparable: true, ..Self::SHARED };
}

impl ParamValue {
    /// The whole number, if it is one.
    #[must_use]
    pub fn as_int(self) -> Option<u64> {
        if let Self::Int(v) = self { Some(v) } else { None }
    }

    /// The real number, if it is one.
    #[must_use]
    pub fn as_float(self) -> Option<f64> {
        if let Self::Float(v) = self { Some(v) } else { None }
    }

    /// The word, if it is one.
    #[must_use]
    pub fn as_choice(self) -> Option<&'static str> {
        if let Self::Choice(v) = self { Some(v) } else { None }
    }

    /// The switch, if it is one.
    #[must_use]
    pub fn as_bool(self) -> Option<bool> {
        if let Self::Bool(v) = self { Some(v) } else { None }
    }

    /// The value as JSON.
    #[must_use]
    pub fn to_json(self) -> serde_json::Value {
        match self {
            Self::Int(v) => v.into(),
            Self::Float(v) => v.into(),
            Self::Choice(v) => v.into(),
            Self::Bool(v) => v.into(),
        }
    }
}

impl std::fmt::Display for ParamValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Int(v) => write!(f, "{v}"),
            Self::Float(v) if *v != 0.0 && v.abs() < 1e-3 => write!(f, "{v:e}"),
            Self::Float(v) => write!(f, "{v}"),
            Self::Choice(v) => f.write_str(v),
            Self::Bool(v) => f.write_str(if *v { "on" } else { "off" }),
        }
    }
}

impl ParamKind {
    /// What a value must be, in words.
    #[must_use]
    pub fn wanted(&self) -> Message {
        match self {
            Self::Int { min, max } => msg!("wanted-whole", min = min.to_string(), max = max.to_string()),
            Self::Paths { max } => msg!("wanted-paths", max = *max),
            Self::Float { min, max } if *max == f64::MAX => msg!("wanted-at-least", min = min.to_string()),
            Self::Float { min, max } => msg!("wanted-number", min = min.to_string(), max = max.to_string()),
            Self::Choice(words) => msg!("wanted-one-of", words = words.join(", ")),
            Self::Bool => msg!("wanted-on-or-off"),
        }
    }

    /// Reads a value from text.
    #[must_use]
    pub fn parse(&self, text: &str) -> Option<ParamValue> {
        match self {
            Self::Int { .. } => text.parse().ok().map(ParamValue::Int),
            Self::Paths { .. } if text == "greedy" => Some(ParamValue::Int(1)),
            // The number alone does too: that is how files hold it.
            Self::Paths { .. } => {
                text.strip_prefix("beam:").unwrap_or(text).parse().ok().map(ParamValue::Int)
            }
            Self::Float { .. } => text.parse().ok().map(ParamValue::Float),
            Self::Choice(words) => words.iter().find(|w| **w == text).copied().map(ParamValue::Choice),
            Self::Bool => match text {
                "on" | "true" | "1" => Some(ParamValue::Bool(true)),
                "off" | "false" | "0" => Some(ParamValue::Bool(false)),
                _ => None,
            },
        }
    }

    /// Whether `value` is of this kind and inside the range.
    #[must_use]
    pub fn admits(&self, value: ParamValue) -> bool {
        match (self, value) {
            (Self::Int { min, max }, ParamValue::Int(v)) => (*min..=*max).contains(&v),
            (Self::Paths { max }, ParamValue::Int(v)) => (1..=*max).contains(&v),
            (Self::Float { min, max }, ParamValue::Float(v)) => v >= *min && v <= *max,
            (Self::Choice(words), ParamValue::Choice(v)) => words.contains(&v),
            (Self::Bool, ParamValue::Bool(_)) => true,
            _ => false,
        }
    }
}

impl<P> ParamSpec<P> {
    /// Reads the parameter from text, the way a command-line flag gives it.
    ///
    /// # Errors
    /// The text is no value of this kind, or outside of the range.
    pub fn parse(&self, text: &str) -> Result<ParamValue, ParamError> {
        match self.kind.parse(text) {
            Some(value) if self.kind.admits(value) => Ok(value),
            _ => Err(self.error(text.to_owned())),
        }
    }

    /// Checks the parameter of `params` against its range.
    ///
    /// # Errors
    /// It is outside.
    pub fn check(&self, params: &P) -> Result<(), ParamError> {
        let value = (self.read)(params);
        if self.kind.admits(value) { Ok(()) } else { Err(self.error(value.to_string())) }
    }

    fn error(&self, got: String) -> ParamError {
        ParamError { key: self.key, label: self.label, got, wanted: self.kind.wanted() }
    }
}
