//! Code and catalogues held against each other: no key without a text, no text without its key, and no text outside of the catalogues.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod texts_support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::read_to_string;

use rvqscope::metrics::DEFINITIONS;
use rvqscope::text::{Language, Message, Phrase, Value, speak};
use texts_support::catalogue::{self, Text};
use texts_support::code::{self, Literal};
use texts_support::{files, root, short};

/// Where texts may stand that are not of the catalogue: what commands print, reports and their markup, and what ranks say to each other, which are English.
const ENGLISH: &[&str] = &["src/cli/", "src/report/", "src/markup/", "src/ranks/", "src/main.rs"];

/// Where no text may stand all the same: what `--help` says.
const HELP: &[&str] = &["src/cli/args.rs", "src/cli/args/"];

/// What takes a text that nobody reads: names by which things are found again, and what only a programmer sees.
const TAKES_NO_TEXT: &[&str] = &[
    "t!(",
    "msg!(",
    "phrase!(",
    "Id::new(",
    "id_salt(",
    "from_id_salt(",
    "id_source(",
    "push_id(",
    "Grid::new(",
    "expect(",
    "unreachable!(",
    "assert!(",
    "debug_assert!(",
    "include_str!(",
    "include_bytes!(",
    "concat!(",
    "env!(",
    "var_os(",
];

/// Signs that are the same in every language.
const SIGNS: &[&str] = &[
    "dB", "Hz", "kHz", "MiB", "GiB", "KiB", "K", "MSE", "SNR", "EMA", "PCA", "CSV", "SVG", "WAV", "N/K", "L",
    "R",
];

/// Behind a literal that looks like a text and is none: a name, or a part of an error, which are English as what commands print.
const NO_TEXT: [&str; 2] = ["not a text", "text outside of the catalogue"];

fn assert_none(wrong: &[String], rule: &str) {
    assert!(wrong.is_empty(), "{} {rule}:\n  {}", wrong.len(), wrong.join("\n  "));
}

fn english() -> BTreeMap<String, Text> {
    catalogue::read("en").0
}

fn chinese() -> BTreeMap<String, Text> {
    catalogue::read("zh").0
}

/// Every place of the sources that asks for a text: the file, and what it asks.
fn uses() -> Vec<(String, code::Use)> {
    let of_file = |path: &std::path::PathBuf| {
        let source = read_to_string(path).unwrap();
        let name = short(path);
        code::uses(code::without_tests(&source))
            .into_iter()
            .map(move |one| (name.clone(), one))
            .collect::<Vec<_>>()
    };
    files("src", "rs").iter().flat_map(of_file).collect()
}

#[test]
fn this_test_reads_rust_well_enough() {
    let source = r##"
        // t!("in-a-comment")
        let a = t!("plain");
        let b = msg!(
            "with-figures", // why
            n = count(&[1, 2], "x, y = z"),
            name = if a == b { 'c' } else { '"' },
        );
        const C: Phrase = phrase!("of-a-table");
        let d = r#"raw "text""#;
        let e = format!("no {t} \"text\"");
        fn f<'a>(x: &'a str) {}
    "##;
    let found: Vec<(usize, String, Vec<String>)> = code::uses(source)
        .into_iter()
        .map(|one| (one.line, one.key, one.given.into_iter().collect()))
        .collect();
    let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
    assert_eq!(
        found,
        [
            (3, "plain".to_owned(), names(&[])),
            (5, "with-figures".to_owned(), names(&["n", "name"])),
            (9, "of-a-table".to_owned(), names(&[])),
        ]
    );
    let texts: Vec<String> = code::literals(source).0.into_iter().map(|literal| literal.text).collect();
    assert_eq!(texts[texts.len() - 2..], ["raw \"text\"".to_owned(), "no {t} \\\"text\\\"".to_owned()]);
    assert!(outside("ui.label(\"Two words\");").len() == 1 && outside("t!(\"two-words\")").is_empty());
    assert!(outside("x(\"{a} of {b}\")").len() == 1 && outside("x(\"{a}: {b}\")").is_empty());
}

#[test]
fn every_file_of_every_language_can_be_read_and_is_compiled_in() {
    let listed: BTreeSet<String> = {
        let source = read_to_string(root().join("src/text/catalogue.rs")).unwrap();
        let list = source.split("languages! {").nth(1).unwrap().split('}').next().unwrap();
        list.split('"').skip(1).step_by(2).map(str::to_owned).collect()
    };
    for language in ["en", "zh"] {
        assert_none(&catalogue::read(language).1, "cannot be read");
        let there: BTreeSet<String> = files(&format!("assets/text/{language}"), "ftl")
            .iter()
            .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
            .collect();
        assert_eq!(there, listed, "files of {language} beside those that are compiled in");
    }
}

#[test]
fn what_the_code_asks_for_is_there_with_the_same_variables() {
    let texts = english();
    let mut wrong = Vec::new();
    for (file, code::Use { line, key, given }) in uses() {
        match texts.get(&key) {
            None => wrong.push(format!("{file}:{line}: there is no {key}")),
            Some(text) if text.variables != given => {
                wrong.push(format!("{file}:{line}: {key} is given {given:?} and has {:?}", text.variables));
            }
            Some(_) => {}
        }
    }
    assert_none(&wrong, "texts do not fit what asks for them");
}

#[test]
fn every_text_is_asked_for() {
    let mut asked: BTreeSet<String> = uses().into_iter().map(|(_, one)| one.key).collect();
    for definition in DEFINITIONS {
        asked.extend([definition.label.0.to_owned(), definition.text.0.to_owned()]);
    }
    let unused = english().into_iter().filter(|(key, _)| !asked.contains(key));
    let unused: Vec<String> = unused.map(|(key, text)| format!("{}.ftl: {key}", text.file)).collect();
    assert_none(&unused, "texts that nobody asks for");
}

#[test]
fn the_languages_have_the_same_texts() {
    let (english, chinese) = (english(), chinese());
    let mut wrong = Vec::new();
    for (key, text) in &english {
        match chinese.get(key) {
            None => wrong.push(format!("{}.ftl: no Chinese for {key}", text.file)),
            Some(other) if other.variables != text.variables => {
                wrong.push(format!(
                    "{key} has {:?} in English and {:?} in Chinese",
                    text.variables, other.variables
                ));
            }
            Some(other) if other.file != text.file => {
                wrong.push(format!(
                    "{key} stands in {} in English and in {} in Chinese",
                    text.file, other.file
                ));
            }
            Some(_) => {}
        }
    }
    wrong.extend(
        chinese.keys().filter(|key| !english.contains_key(*key)).map(|key| format!("no English for {key}")),
    );
    assert_none(&wrong, "texts differ between the languages");
}

#[test]
fn what_is_chinese_is_chinese() {
    let is_han = |c: char| ('\u{4e00}'..='\u{9fff}').contains(&c);
    let is_word = |word: &&str| word.len() >= 3 && word.chars().all(|c| c.is_ascii_lowercase());
    let english = english();
    let untranslated = chinese().into_iter().filter(|(key, text)| {
        let of_code = english[key].words.split('`').step_by(2).collect::<String>();
        !text.words.contains(is_han) && of_code.split_whitespace().filter(is_word).count() >= 2
    });
    let untranslated: Vec<String> =
        untranslated.map(|(key, text)| format!("{}.ftl: {key}", text.file)).collect();
    assert_none(&untranslated, "texts are not translated");
    // What stands for a value on a command line is typed as it is.
    let half = chinese().into_iter().filter(|(key, _)| !key.starts_with("help-value."));
    let half = half.filter(|(_, text)| {
        // What stands between backticks or brackets is code, or the shape of an array.
        let prose = text.words.split('`').step_by(2).collect::<String>();
        let mut depth = 0;
        let prose: Vec<char> = prose
            .chars()
            .filter(|c| {
                depth += i32::from(*c == '[') - i32::from(*c == ']');
                depth == 0
            })
            .collect();
        prose.windows(2).any(|pair| is_han(pair[0]) && [',', ';', '?', '!'].contains(&pair[1]))
    });
    let half: Vec<String> = half.map(|(key, text)| format!("{}.ftl: {key}", text.file)).collect();
    assert_none(&half, "texts have half-width marks behind Chinese characters");
}

#[test]
fn every_text_can_be_said_in_every_language() {
    for (key, text) in english() {
        let key: &'static str = Box::leak(key.into_boxed_str());
        let names: Vec<&'static str> =
            text.variables.into_iter().map(|name| &*Box::leak(name.into_boxed_str())).collect();
        for n in [1, 12_345] {
            let args = names.iter().map(|&name| (name, Value::Whole(n))).collect();
            let message = Message::new(key, args);
            for language in Language::ALL {
                let said = message.text_in(language);
                assert!(!said.is_empty() && said != key, "{key} in {}: {said:?}", language.name());
                assert!(!said.contains("{$") && !said.contains("GROUPED("), "{key}: {said}");
            }
        }
    }
}

#[test]
fn a_figures_documentation_is_its_text_in_the_catalogue() {
    let mut documented = BTreeMap::new();
    for path in files("src/metrics", "rs") {
        let source = read_to_string(&path).unwrap();
        let (literals, blank) = code::literals(&source);
        for (at, _) in blank.match_indices("metric! {") {
            let mut inside = literals.iter().filter(|literal| literal.start > at);
            if let (Some(key), Some(text)) =
                (inside.next(), inside.find(|literal| blank[literal.end..].starts_with(';')))
            {
                documented.insert(key.text.clone(), unescaped(&text.text));
            }
        }
    }
    assert!(documented.len() > 40, "{} figures", documented.len());
    for definition in DEFINITIONS {
        let Some(text) = documented.get(definition.key) else { continue };
        assert_eq!(definition.text.english(), text, "{}", definition.key);
    }
}

/// A literal as it is read: quotes, and lines that go on.
fn unescaped(text: &str) -> String {
    let mut lines = text.split("\\\n");
    let first = lines.next().unwrap_or_default().to_owned();
    lines.fold(first, |all, line| all + line.trim_start()).replace("\\\"", "\"")
}

#[test]
fn no_text_stands_outside_of_the_catalogues() {
    let is_among = |name: &str, places: &[&str]| places.iter().any(|place| name.starts_with(place));
    let mut wrong = Vec::new();
    for path in files("src", "rs").into_iter().filter(|path| !path.ends_with("tests.rs")) {
        let name = short(&path);
        if is_among(&name, ENGLISH) && !is_among(&name, HELP) {
            continue;
        }
        let source = read_to_string(&path).unwrap();
        let found = outside(code::without_tests(&source)).into_iter();
        // The definition of a figure stands in the documentation of its function, which another test holds against the catalogue.
        let found =
            found.filter(|(_, text)| !(name.starts_with("src/metrics/") && definitions().contains(text)));
        wrong.extend(found.map(|(line, text)| format!("{name}:{line}: {text:?}")));
    }
    assert_none(&wrong, "texts stand in the code");
}

/// The texts of all figures, as they stand in the code.
fn definitions() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for path in files("src/metrics", "rs") {
        let source = read_to_string(&path).unwrap();
        let (literals, blank) = code::literals(&source);
        found
            .extend(literals.into_iter().filter(|one| blank[one.end..].starts_with(';')).map(|one| one.text));
    }
    found
}

/// The literals of `source` that are texts, each with its line.
fn outside(source: &str) -> Vec<(usize, String)> {
    let (literals, blank) = code::literals(source);
    let is_text = |literal: &&Literal| {
        let before = blank[..literal.start].trim_end();
        let front = source[..literal.start].rsplit('\n').next().unwrap_or_default();
        let behind = source[literal.end..].split('\n').next().unwrap_or_default();
        let is_attribute = front.contains("#[") || front.contains("#![");
        !source[..literal.start].ends_with('b')
            && !is_attribute
            && !NO_TEXT.iter().any(|words| behind.contains(words))
            && !TAKES_NO_TEXT.iter().any(|name| before.ends_with(name))
            && is_said(&literal.text)
    };
    literals.iter().filter(is_text).map(|one| (code::line(source, one.start), one.text.clone())).collect()
}

/// Whether a literal has words for people in it: more than one, or one that begins with a capital. A key, a file name and a sign are none.
fn is_said(literal: &str) -> bool {
    let mut words = String::new();
    let mut depth = 0;
    for c in unescaped(literal).replace("{{", "").replace("}}", "").chars() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ if depth == 0 => words.push(c),
            _ => {}
        }
    }
    let words = words.replace("\\n", " ").replace("\\u", "");
    let letters = |text: &str| text.split(|c: char| !c.is_ascii_alphabetic()).any(|part| part.len() >= 2);
    let is_key = words.chars().all(|c| !c.is_ascii_uppercase() && !c.is_whitespace());
    // What is drawn into a file is markup, and what stands for a value in a usage line is a name.
    let is_markup = words.contains('<') || words.contains("=\\\"") || words.contains("=\"");
    let is_name = !words.chars().any(|c| c.is_ascii_lowercase()) && !words.contains(' ');
    letters(&words) && !is_key && !is_markup && !is_name && !SIGNS.contains(&words.trim())
}

#[test]
fn a_message_says_itself_in_the_language_of_its_reader() {
    let message = Message::from(Phrase("severity-severe"));
    assert_eq!(message.text(), "severe");
    speak(Language::Chinese);
    assert_eq!((message.text().as_str(), message.english().as_str()), ("严重", "severe"));
    assert_eq!(serde_json::to_string(&message).unwrap(), "\"severe\"", "files are English");
    speak(Language::English);
}

#[test]
fn a_message_comes_back_from_a_file_in_any_language() {
    #[derive(serde::Serialize, serde::Deserialize, PartialEq, Debug)]
    struct Kept {
        #[serde(with = "rvqscope::text::stored")]
        text: Message,
        #[serde(with = "rvqscope::text::stored")]
        none: Option<Message>,
    }
    let inner = Message::new("count-frames", vec![("n", Value::Whole(1))]);
    let text = Message::new(
        "layer-says",
        vec![("layer", Value::Whole(3)), ("says", Value::Message(Box::new(inner)))],
    );
    let kept = Kept { text, none: None };
    let file = serde_json::to_string(&kept).unwrap();
    let read: Kept = serde_json::from_str(&file).unwrap();
    assert_eq!(read, kept);
    assert_eq!(read.text.text_in(Language::English), "Layer 3: 1 frame");
    assert_ne!(read.text.text_in(Language::Chinese), read.text.english());

    // A catalogue that has changed since, and a file from before there was one, say what was said.
    for (key, with) in [("layer-says", "no-such-key"), ("says", "else")] {
        let old: Kept =
            serde_json::from_str(&file.replace(&format!("\"{key}\""), &format!("\"{with}\""))).unwrap();
        assert_eq!(old.text, Message::verbatim("Layer 3: 1 frame"), "{key}");
    }
    let plain: Kept = serde_json::from_str(r#"{"text": "Layer 1 is dead", "none": null}"#).unwrap();
    assert_eq!(plain.text, Message::verbatim("Layer 1 is dead"));
}
