//! The texts of every language, parsed once from what is compiled in.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use fluent_syntax::ast;
use unic_langid::LanguageIdentifier;

use super::language::{Language, spoken};
use super::{Message, Phrase, Value};

/// The files of one language, by content.
macro_rules! files {
    ($language:literal: $($name:literal)*) => {
        &[$(include_str!(concat!("../../assets/text/", $language, "/", $name, ".ftl"))),*]
    };
}

/// Declares the files that every language has.
macro_rules! languages {
    ($($name:literal)*) => {
        static FILES: [&[&str]; 2] = [files!("en": $($name)*), files!("zh": $($name)*)];
    };
}
languages! {
    "doctor-codes"
    "doctor-frames"
    "errors"
    "figures"
    "help"
    "io-arrays"
    "io-files"
    "io-models"
    "io-tables"
    "io-tensors"
    "panel-checkpoints"
    "panel-code"
    "panel-codebook"
    "panel-data"
    "panel-dead"
    "panel-dependence"
    "panel-doctor"
    "panel-ema"
    "panel-error"
    "panel-layers"
    "panel-notices"
    "panel-parts"
    "panel-runs"
    "panel-sweep"
    "panel-time"
    "panel-tokens"
    "panel-usage"
    "params"
    "plot"
    "session"
    "side"
    "training"
    "window"
    "words"
}

static ENGLISH: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::read(Language::English, FILES[0]));
static CHINESE: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::read(Language::Chinese, FILES[1]));

/// The texts of one language.
struct Catalogue {
    bundle: FluentBundle<FluentResource>,
    /// Those without figures, by key, ready to be read.
    plain: HashMap<String, String>,
    /// Every key.
    keys: HashSet<String>,
    /// The name of every variable.
    variables: HashSet<String>,
}

impl Catalogue {
    /// Whatever of `files` can be read; `tests/texts.rs` sees to it that it is all.
    fn read(language: Language, files: &[&str]) -> Self {
        // A tag that cannot be read would have the plurals of no language in particular.
        let tag: LanguageIdentifier = language.tag().parse().unwrap_or_default();
        let mut bundle = FluentBundle::new_concurrent(vec![tag]);
        // Every language here is written from left to right.
        bundle.set_use_isolating(false);
        // A name that is taken twice stays what it was.
        let _ = bundle.add_function("GROUPED", |args, _| match args {
            [FluentValue::Number(number)] => grouped(number.value as i64).into(),
            _ => FluentValue::Error,
        });
        let resources: Vec<FluentResource> = files
            .iter()
            .map(|text| FluentResource::try_new((*text).to_owned()).unwrap_or_else(|(readable, _)| readable))
            .collect();
        let keys: Vec<String> =
            resources.iter().flat_map(FluentResource::entries).flat_map(keys_of).collect();
        for resource in resources {
            let _ = bundle.add_resource(resource);
        }
        let mut catalogue = Self {
            bundle,
            plain: HashMap::new(),
            keys: keys.iter().cloned().collect(),
            variables: files.iter().flat_map(|text| variables_of(text)).collect(),
        };
        for key in keys {
            // One with variables has nothing to put in their places here, and is no plain text.
            if let Some(text) = catalogue.format(&key, &FluentArgs::new()) {
                catalogue.plain.insert(key, text);
            }
        }
        catalogue
    }

    /// The text under `key`; `None` where there is none, or a variable of it has no value.
    fn format(&self, key: &str, args: &FluentArgs<'_>) -> Option<String> {
        let (id, part) = key.split_once('.').map_or((key, None), |(id, part)| (id, Some(part)));
        let message = self.bundle.get_message(id)?;
        let pattern = match part {
            Some(part) => message.get_attribute(part)?.value(),
            None => message.value()?,
        };
        let mut errors = Vec::new();
        let text = self.bundle.format_pattern(pattern, Some(args), &mut errors).into_owned();
        errors.is_empty().then_some(text)
    }
}

/// The keys of an entry: of a message, and of each of its attributes.
fn keys_of(entry: &ast::Entry<&str>) -> Vec<String> {
    let ast::Entry::Message(message) = entry else { return Vec::new() };
    let id = message.id.name;
    let own = message.value.iter().map(|_| id.to_owned());
    own.chain(message.attributes.iter().map(|part| format!("{id}.{}", part.id.name))).collect()
}

/// The names behind the dollar signs of a file.
fn variables_of(text: &str) -> impl Iterator<Item = String> {
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    text.split('$').skip(1).map(move |rest| rest.chars().take_while(|&c| is_of_name(c)).collect())
}

fn of(language: Language) -> &'static Catalogue {
    match language {
        Language::English => &ENGLISH,
        Language::Chinese => &CHINESE,
    }
}

/// A text without figures, in the language of this thread.
#[must_use]
pub fn plain(key: &'static str) -> &'static str {
    plain_in(spoken(), key)
}

/// A text with figures, in the language of this thread.
#[must_use]
pub fn formatted(key: &'static str, args: &[(&'static str, Value)]) -> String {
    formatted_in(spoken(), key, args)
}

/// A text without figures. What a language lacks is said in English; a key that no language has, as it is.
pub(super) fn plain_in(language: Language, key: &str) -> &str {
    let text = of(language).plain.get(key).or_else(|| ENGLISH.plain.get(key));
    text.map_or(key, String::as_str)
}

/// The same for a text with figures.
pub(super) fn formatted_in(language: Language, key: &str, args: &[(&'static str, Value)]) -> String {
    let args: FluentArgs<'_> = args.iter().map(|(name, value)| (*name, value_in(language, value))).collect();
    let text = of(language).format(key, &args).or_else(|| ENGLISH.format(key, &args));
    text.unwrap_or_else(|| key.to_owned())
}

/// The key of the catalogue that reads `key`.
pub(super) fn own_key(key: &str) -> Option<&'static str> {
    ENGLISH.keys.get(key).map(String::as_str)
}

/// A name of a variable that outlives its file. There are as many as the catalogue has, and no file makes more.
pub(super) fn own_variable(name: &str) -> Option<&'static str> {
    ENGLISH.variables.get(name).map(String::as_str)
}

/// Whether `message` has all that its text in `language` asks for.
pub(super) fn is_complete(language: Language, message: &Message) -> bool {
    let Message::Said { key, args } = message else { return true };
    let args: FluentArgs<'_> = args.iter().map(|(name, value)| (*name, value_in(language, value))).collect();
    of(language).format(key, &args).is_some()
}

fn value_in(language: Language, value: &Value) -> FluentValue<'_> {
    match value {
        Value::Text(text) => text.as_str().into(),
        Value::Whole(n) => (*n).into(),
        Value::Phrase(Phrase("")) => "".into(),
        Value::Phrase(phrase) => plain_in(language, phrase.0).into(),
        Value::Message(message) => message.text_in(language).into(),
    }
}

/// A whole number with a space between thousands.
#[must_use]
pub fn grouped(value: i64) -> String {
    let digits = value.unsigned_abs().to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if value < 0 {
        text.push('-');
    }
    for (i, digit) in digits.chars().enumerate() {
        // Four digits read well in one piece.
        if i > 0 && digits.len() > 4 && (digits.len() - i).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}
