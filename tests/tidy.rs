//! Rules of the house, read off the source tree: who may use whom, what stands in which table, what must not be there.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod tidy_support;

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::path::Path;

use rvqscope::features::EXTRACTORS;
use rvqscope::io::{READERS, WRITERS};
use rvqscope::metrics::DEFINITIONS;
use rvqscope::param::{ParamKind, ParamSpec, Readers};
use rvqscope::rvq::PARAMS;
use rvqscope::rvq::rules::RULES;
use tidy_support::Tree;

/// What every module may use.
const BASE: &[&str] = &["text", "markup", "param", "random", "task", "ranks"];

/// Each module and whose names it may mention, besides the base.
const MAY_USE: &[(&str, &[&str])] = &[
    ("text", &[]),
    ("markup", &[]),
    ("param", &[]),
    ("random", &[]),
    ("task", &[]),
    ("ranks", &[]),
    ("mapped", &[]),
    ("rvq", &[]),
    ("audio", &[]),
    ("sound", &["audio"]),
    ("features", &["audio", "mapped"]),
    ("metrics", &["rvq"]),
    ("training", &["metrics", "rvq", "features"]),
    ("doctor", &["training", "metrics", "rvq"]),
    ("io", &["training", "rvq", "features", "audio", "mapped"]),
    ("watch", &["doctor", "io", "training", "metrics", "rvq"]),
    ("store", &["training", "metrics", "rvq", "features", "io"]),
    // It writes its files as all files are written: whole or not at all.
    ("report", &["doctor", "training", "metrics", "rvq", "io"]),
    (
        "jobs",
        &[
            "doctor", "report", "store", "watch", "io", "training", "metrics", "features", "rvq", "audio",
            "mapped",
        ],
    ),
    (
        "session",
        &[
            "doctor", "jobs", "store", "watch", "io", "training", "metrics", "features", "rvq", "sound",
            "audio",
        ],
    ),
    (
        "cli",
        &[
            "doctor", "jobs", "report", "store", "watch", "io", "training", "metrics", "features", "rvq",
            "audio",
        ],
    ),
    (
        "app",
        &[
            "doctor", "session", "jobs", "watch", "io", "training", "metrics", "features", "rvq", "sound",
            "audio",
        ],
    ),
];

/// Folders whose parts still use each other in circles. The list only ever gets shorter.
const STILL_CIRCULAR: &[&str] = &[];

/// What only the window may name.
const GUI_CRATES: &[&str] =
    &["egui", "eframe", "egui_plot", "egui_system_font_provider", "egui_tiles", "egui_kittest", "rfd"];

/// Modules that compute: no file, no clock, no thread of their own.
const PURE: &[&str] =
    &["rvq", "audio", "features", "metrics", "training", "doctor", "markup", "param", "random", "task"];

/// Longest file, its tests not counted, that needs no reason.
const MAX_LINES: usize = 400;

/// Longer files, and why they are.
const LONG_FILES: &[(&str, &str)] = &[];

/// What may stand beside each other at the top, besides dot-files and what building leaves. pip looks for its file here and nowhere else.
const TOP_LEVEL: &[&str] = &[
    "Cargo.toml",
    "Cargo.lock",
    "pyproject.toml",
    "README.md",
    "LICENSE",
    "src",
    "assets",
    "tests",
    "benches",
    "target",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A file of the tree.
struct File {
    /// Its path from the top, with `/`.
    path: String,
    text: String,
}

impl File {
    /// The module of the first level that it belongs to: `rvq` for `src/rvq/rules/mod.rs`.
    fn module(&self) -> &str {
        let inside = self.path.strip_prefix("src/").unwrap_or(&self.path);
        inside.split('/').next().unwrap().trim_end_matches(".rs")
    }

    /// The name under which its folder knows it: `mfcc` for `mfcc.rs`, `usage` for `usage/mod.rs`.
    fn stem(&self, folder: &str) -> &str {
        self.path.strip_prefix(folder).unwrap().split('/').next().unwrap().trim_end_matches(".rs")
    }

    /// What is compiled outside of tests, without comments and texts.
    fn code(&self) -> String {
        bare(self.without_tests())
    }

    /// Its place among the modules of the crate: `["rvq", "rules"]` for `src/rvq/rules/mod.rs`, nothing for `src/lib.rs`.
    fn place(&self) -> Vec<String> {
        let inside = self.path.trim_start_matches("src/").trim_end_matches(".rs");
        let inside = inside.strip_suffix("/mod").unwrap_or(inside);
        inside.split('/').filter(|part| *part != "lib").map(str::to_owned).collect()
    }

    fn without_tests(&self) -> &str {
        self.text.split("#[cfg(test)]\nmod ").next().unwrap()
    }
}

/// Every file below `folder` whose name ends in one of `endings`.
fn files(folder: &str, endings: &[&str]) -> Vec<File> {
    let mut found = Vec::new();
    collect(&root().join(folder), endings, &mut found);
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn collect(folder: &Path, endings: &[&str], found: &mut Vec<File>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            collect(&path, endings, found);
        } else if endings.iter().any(|ending| path.to_string_lossy().ends_with(ending)) {
            let text = std::fs::read_to_string(&path).unwrap();
            found.push(File { path: relative(&path), text });
        }
    }
}

fn relative(path: &Path) -> String {
    path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/")
}

fn sources() -> Vec<File> {
    files("src", &[".rs"])
}

/// Rust source without its comments, and with its texts emptied.
fn bare(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(next) = rest.chars().next() {
        let skipped = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some(text) = rest.strip_prefix("r#\"") {
            text.find("\"#").map_or(rest.len(), |end| end + 5)
        } else if next == '"' {
            out.push_str("\"\"");
            text_len(rest)
        } else if rest.starts_with("'\"'") || rest.starts_with("b'\"'") {
            3
        } else {
            out.push(next);
            next.len_utf8()
        };
        rest = &rest[skipped.min(rest.len())..];
    }
    out
}

/// The length of the text that `source` begins with, quotes and all.
fn text_len(source: &str) -> usize {
    let mut escaped = false;
    for (at, c) in source.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    source.len()
}

/// The identifiers of `code`, each with what follows it.
fn words(code: &str) -> impl Iterator<Item = (&str, &str)> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut rest = code;
    std::iter::from_fn(move || {
        rest = &rest[rest.find(is_word)?..];
        let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        let (word, behind) = rest.split_at(end);
        rest = behind;
        Some((word, behind))
    })
}

fn has_word(code: &str, wanted: &str) -> bool {
    words(code).any(|(word, _)| word == wanted)
}

/// The modules that `crate::...` paths in `code` begin with, those in braces too.
fn used_modules(code: &str) -> BTreeSet<String> {
    let mut used = BTreeSet::new();
    for (_, behind) in words(code).filter(|(word, _)| *word == "crate") {
        let Some(path) = behind.strip_prefix("::") else { continue };
        match path.strip_prefix('{') {
            None => used.extend(words(path).next().map(|(word, _)| word.to_owned())),
            Some(list) => used.extend(first_of_each(list)),
        }
    }
    used
}

/// Of `a::b, c::{d, e}, f}` the names `a`, `c` and `f`.
fn first_of_each(list: &str) -> Vec<String> {
    let (mut depth, mut item, mut names) = (0, String::new(), Vec::new());
    for c in list.chars() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => names.push(std::mem::take(&mut item)),
            _ => item.push(c),
        }
    }
    names.push(item);
    names.iter().filter_map(|item| words(item).next().map(|(word, _)| word.to_owned())).collect()
}

fn assert_none(wrong: &[String], rule: &str) {
    assert!(wrong.is_empty(), "{rule}:\n  {}", wrong.join("\n  "));
}

fn assert_unique<T: Ord + Debug + Copy>(names: &[T], what: &str) {
    let unique: BTreeSet<T> = names.iter().copied().collect();
    assert_eq!(unique.len(), names.len(), "{what} are not unique: {names:?}");
}

fn is_kebab(name: &str) -> bool {
    let parts = name.split('-').collect::<Vec<_>>();
    let lower =
        |part: &&str| !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    parts.iter().all(lower) && name.starts_with(|c: char| c.is_ascii_lowercase())
}

#[test]
fn this_file_reads_rust_well_enough() {
    let source = "use crate::{a::{b, c}, d}; // crate::e\n/* crate::f */ fn g() { crate::h::i(\"crate::j\\\"\", '\"'); }";
    let found: Vec<_> = used_modules(&bare(source)).into_iter().collect();
    assert_eq!(found, ["a", "d", "h"]);
    assert!(has_word("let unsafe_code = 1; unsafe {}", "unsafe") && !has_word("unsafe_code", "unsafe"));
    assert!(
        is_kebab("log-mel") && is_kebab("a2") && !is_kebab("log_mel") && !is_kebab("Log") && !is_kebab("a-")
    );
}

#[test]
fn modules_use_only_those_below_them() {
    let mut wrong = Vec::new();
    for file in sources() {
        let module = file.module();
        if module == "lib" || module == "main" {
            continue;
        }
        let Some((_, below)) = MAY_USE.iter().find(|(name, _)| *name == module) else {
            wrong.push(format!("{}: the module {module} has no place among the layers yet", file.path));
            continue;
        };
        for used in used_modules(&bare(&file.text)) {
            let is_module = MAY_USE.iter().any(|(name, _)| *name == used);
            let allowed = used == module || BASE.contains(&used.as_str()) || below.contains(&used.as_str());
            if is_module && !allowed {
                wrong.push(format!("{}: {module} may not use {used}", file.path));
            }
        }
    }
    assert_none(&wrong, "a module uses one that is not below it");
}

#[test]
fn the_layers_have_no_cycle() {
    for (name, below) in MAY_USE {
        for used in *below {
            let (_, its) = MAY_USE.iter().find(|(other, _)| other == used).unwrap();
            assert!(!its.contains(name), "{name} and {used} may use each other");
        }
    }
}

#[test]
fn the_parts_of_a_folder_use_each_other_in_no_circle() {
    let is_code = |file: &File| file.module() != "main" && !file.path.ends_with("/tests.rs");
    let files = sources().into_iter().filter(is_code);
    let circles = Tree::new(files.map(|file| (file.place(), file.code()))).circles();
    let circular: BTreeSet<&str> = circles.iter().map(|(folder, _)| folder.as_str()).collect();
    let mut wrong: Vec<String> = circles
        .iter()
        .filter(|(folder, _)| !STILL_CIRCULAR.contains(&folder.as_str()))
        .map(|(folder, circle)| format!("src/{folder}: {circle}"))
        .collect();
    let opened = STILL_CIRCULAR.iter().filter(|folder| !circular.contains(**folder));
    wrong.extend(opened.map(|folder| format!("src/{folder} has no circle any more: take it off the list")));
    assert_none(&wrong, "parts of one folder use each other in a circle");
}

#[test]
fn only_the_window_names_its_crates() {
    let mut wrong = Vec::new();
    for file in sources().iter().filter(|file| file.module() != "app") {
        let code = bare(&file.text);
        wrong.extend(
            GUI_CRATES
                .iter()
                .filter(|name| has_word(&code, name))
                .map(|name| format!("{}: {name}", file.path)),
        );
    }
    assert_none(&wrong, "a crate of the window is named outside of it");
}

#[test]
fn what_computes_knows_no_file_no_clock_and_no_thread() {
    let mut wrong = Vec::new();
    for file in sources().iter().filter(|file| PURE.contains(&file.module())) {
        let code = file.code();
        for banned in ["std::fs", "std::thread", "std::time", "std::net", "std::process", "std::env"] {
            if code.contains(banned) {
                wrong.push(format!("{}: {banned}", file.path));
            }
        }
        for banned in ["Instant", "SystemTime", "File"] {
            if has_word(&code, banned) {
                wrong.push(format!("{}: {banned}", file.path));
            }
        }
    }
    assert_none(&wrong, "a module that computes reaches outside");
}

#[test]
fn unsafe_code_stands_in_the_search_kernel_and_the_file_map_only() {
    let mut wrong = Vec::new();
    for file in sources() {
        let allowed = file.path.starts_with("src/rvq/nearest/simd") || file.path == "src/mapped.rs";
        if !allowed && has_word(&bare(&file.text), "unsafe") {
            wrong.push(file.path);
        }
    }
    assert_none(&wrong, "unsafe code where nobody looks for it");
}

#[test]
fn nothing_is_left_to_do_or_to_debug_and_only_commands_print() {
    let mut wrong = Vec::new();
    for file in sources() {
        let code = bare(&file.text);
        let prints = matches!(file.module(), "cli" | "report" | "main");
        for (word, behind) in words(&code).filter(|(_, behind)| behind.starts_with('!')) {
            let banned = match word {
                "todo" | "unimplemented" | "dbg" => true,
                "println" | "print" | "eprintln" | "eprint" => !prints,
                _ => false,
            };
            if banned && !behind.starts_with("!=") {
                wrong.push(format!("{}: {word}!", file.path));
            }
        }
    }
    assert_none(&wrong, "left over");
}

#[test]
fn long_files_have_a_reason() {
    let mut wrong = Vec::new();
    for file in sources() {
        let lines = file.without_tests().lines().count();
        let reason = LONG_FILES.iter().find(|(path, _)| *path == file.path);
        match (lines > MAX_LINES, reason) {
            (true, None) => wrong.push(format!("{}: {lines} lines; look for the seam", file.path)),
            (false, Some(_)) => wrong.push(format!("{}: {lines} lines need no reason any more", file.path)),
            _ => {}
        }
    }
    for (path, reason) in LONG_FILES {
        if reason.is_empty() || !root().join(path).is_file() {
            wrong.push(format!("{path}: no reason, or no such file"));
        }
    }
    assert_none(&wrong, "files over 400 lines");
}

#[test]
fn the_top_level_holds_only_what_belongs_there() {
    let names = std::fs::read_dir(root()).unwrap().map(|entry| entry.unwrap().file_name());
    let wrong: Vec<_> = names
        .map(|name| name.to_string_lossy().into_owned())
        .filter(|name| !name.starts_with('.') && !TOP_LEVEL.contains(&name.as_str()))
        .collect();
    assert_none(&wrong, "at the top of the tree");
}

#[test]
fn no_line_tells_of_a_machine() {
    // Put together here, so that this file does not name them itself.
    let places =
        [["/ho", "me/"], ["/ro", "ot/"], ["/Us", "ers/"], ["/tm", "p/"], ["/wo", "rk/"], [":\\Us", "ers"]];
    let places: Vec<String> = places.iter().map(|parts| parts.concat()).collect();
    let mut texts = Vec::new();
    for folder in ["src", "tests", "benches", "assets", ".ci", ".github"] {
        texts.extend(files(folder, &[".rs", ".py", ".sh", ".md", ".toml", ".yml", ".css", "/run"]));
    }
    for name in ["Cargo.toml", "pyproject.toml", "README.md", ".clippy.toml", ".rustfmt.toml", ".gitignore"] {
        if let Ok(text) = std::fs::read_to_string(root().join(name)) {
            texts.push(File { path: name.to_owned(), text });
        }
    }
    let mut wrong = Vec::new();
    for file in texts {
        let mut rest = file.text.as_str();
        for line in 1.. {
            let Some((head, tail)) = rest.split_once('\n').or((!rest.is_empty()).then_some((rest, "")))
            else {
                break;
            };
            if places.iter().any(|place| head.contains(place.as_str())) {
                wrong.push(format!("{}:{line}: {}", file.path, head.trim()));
            }
            rest = tail;
        }
    }
    assert_none(&wrong, "a path of somebody's machine");
}

/// The text of `static NAME: ... = &[...];` in a file.
fn table(path: &str, name: &str) -> String {
    let text = std::fs::read_to_string(root().join(path)).unwrap();
    let code = bare(&text);
    let start = code.find(&format!("pub static {name}:")).unwrap_or_else(|| panic!("{path} has no {name}"));
    let table = &code[start..];
    table[..table.find("];").expect("the end of the table")].to_owned()
}

/// Every file below `folder` that implements `of` stands in the table, and the table has no more than those.
fn check_registered(folder: &str, of: &str, table_path: &str, table_name: &str, len: usize) {
    let table = table(table_path, table_name);
    let mut implementations = 0;
    for file in files(folder, &[".rs"]) {
        let code = file.code();
        let here = code.matches(&format!("impl {of} for ")).count();
        implementations += here;
        let stem = file.stem(folder);
        assert!(here == 0 || has_word(&table, stem), "{} is not in {table_name}", file.path);
    }
    assert_eq!(implementations, len, "{folder} has {implementations} of {of}, {table_name} lists {len}");
}

/// Ids that are unique and in kebab-case, and texts that say something.
fn check_names(names: &[(&str, &str, &str)], what: &str) {
    assert!(!names.is_empty(), "there is no {what}");
    for (id, label, help) in names {
        assert!(is_kebab(id), "{what} {id}: not in kebab-case");
        assert!(!label.trim().is_empty() && label.trim() == *label, "{what} {id}: label {label:?}");
        assert!(help.len() > 10, "{what} {id}: its help {help:?} says nothing");
    }
    assert_unique(&names.iter().map(|n| n.0).collect::<Vec<_>>(), &format!("ids of {what}"));
    assert_unique(&names.iter().map(|n| n.1).collect::<Vec<_>>(), &format!("labels of {what}"));
}

/// Every parameter is described, has a flag and a key of its own, and `defaults` lie inside the ranges.
fn check_params<P>(owner: &str, specs: &[ParamSpec<P>], defaults: &P) {
    assert!(!specs.is_empty(), "{owner} has no parameter");
    for spec in specs {
        let at = format!("{owner}, {}", spec.key);
        assert!(is_kebab(&spec.key.replace('_', "-")) && !spec.key.contains('-'), "{at}: key");
        assert!(is_kebab(spec.flag), "{at}: flag {:?}", spec.flag);
        assert!(!spec.label.trim().is_empty() && spec.help.len() > 10, "{at}: label or help");
        match spec.kind {
            ParamKind::Int { min, max } => assert!(min < max, "{at}: {min}..{max}"),
            ParamKind::Paths { max } => assert!(max > 1, "{at}: {max}"),
            ParamKind::Float { min, max } => assert!(min < max, "{at}: {min}..{max}"),
            ParamKind::Choice(words) => {
                assert!(words.len() > 1, "{at}: nothing to choose from");
                assert_unique(words, &at);
            }
            ParamKind::Bool => {}
        }
        spec.check(defaults).unwrap_or_else(|err| panic!("{at}: the default does not do: {err}"));
        let value = (spec.read)(defaults);
        let text = value.to_string();
        assert_eq!(spec.parse(&text).unwrap(), value, "{at}: what is shown can be typed");
    }
    assert_unique(&specs.iter().map(|spec| spec.key).collect::<Vec<_>>(), &format!("keys of {owner}"));
    assert_unique(&specs.iter().map(|spec| spec.flag).collect::<Vec<_>>(), &format!("flags of {owner}"));
}

#[test]
fn every_rule_is_registered_and_described() {
    check_registered("src/rvq/rules/", "UpdateRule", "src/rvq/rules/mod.rs", "RULES", RULES.len());
    let names: Vec<_> = RULES.iter().map(|rule| (rule.id(), rule.label(), rule.help())).collect();
    check_names(&names, "rules");
    for rule in RULES {
        assert_eq!(rule.defaults().rule, rule.id(), "its defaults are for itself");
        check_params(rule.id(), &rule.params(), &rule.defaults());
    }
    for spec in PARAMS {
        let named = match spec.scope.readers {
            Readers::All => &[],
            Readers::Only(ids) | Readers::AllBut(ids) => ids,
        };
        for id in named {
            assert!(RULES.iter().any(|rule| rule.id() == *id), "{}: there is no rule {id}", spec.key);
        }
    }
}

#[test]
fn every_extractor_is_registered_and_described() {
    check_registered("src/features/", "Extractor", "src/features/mod.rs", "EXTRACTORS", EXTRACTORS.len());
    let names: Vec<_> = EXTRACTORS.iter().map(|e| (e.id(), e.label(), e.help())).collect();
    check_names(&names, "extractors");
    for extractor in EXTRACTORS {
        check_params(extractor.id(), &extractor.params(), &rvqscope::features::ExtractParams::default());
    }
}

#[test]
fn every_reader_is_registered_and_described() {
    check_registered("src/io/", "Reader", "src/io/mod.rs", "READERS", READERS.len());
    let ids: Vec<_> = READERS.iter().map(|reader| reader.id()).collect();
    assert_unique(&ids, "ids of readers");
    for reader in READERS {
        assert!(is_kebab(reader.id()) && !reader.label().is_empty(), "{}", reader.id());
        assert!(!reader.extensions().is_empty(), "{} has no file name ending", reader.id());
        for ending in reader.extensions() {
            assert!(
                is_kebab(ending),
                "{}: {ending:?} is written without a dot, in small letters",
                reader.id()
            );
        }
    }
}

#[test]
fn every_writer_is_registered_and_described() {
    check_registered("src/io/write/", "Writer", "src/io/write/mod.rs", "WRITERS", WRITERS.len());
    assert_unique(&WRITERS.iter().map(|writer| writer.id()).collect::<Vec<_>>(), "ids of writers");
    let endings: Vec<_> = WRITERS.iter().flat_map(|writer| writer.extensions()).copied().collect();
    assert_unique(&endings, "endings of writers");
    for writer in WRITERS {
        assert!(is_kebab(writer.id()) && !writer.label().is_empty() && !writer.extensions().is_empty());
    }
    assert!(endings.iter().all(|ending| is_kebab(ending)), "without a dot, in small letters: {endings:?}");
}

#[cfg(feature = "gui")]
#[test]
fn every_panel_is_registered_and_described() {
    use rvqscope::app::panels::PANELS;
    check_registered("src/app/panels/", "Panel", "src/app/panels/mod.rs", "PANELS", PANELS.len());
    let panels: Vec<_> = PANELS.iter().map(|make| make()).collect();
    let names: Vec<_> = panels.iter().map(|panel| (panel.id(), panel.title(), panel.help())).collect();
    check_names(&names, "panels");
}

#[test]
fn every_figure_is_defined_once_and_listed() {
    let mut declared = Vec::new();
    for file in files("src/metrics/", &[".rs"]) {
        let code = file.code();
        let module = file.stem("src/metrics/").to_owned();
        for (word, behind) in words(&code) {
            let after = behind.trim_start_matches("! {").trim_start();
            if word == "metric"
                && behind.starts_with("! {")
                && after.starts_with(|c: char| c.is_ascii_uppercase())
            {
                let (name, _) = words(after).next().unwrap();
                declared.push((module.clone(), name.to_owned()));
            }
        }
    }
    let listed = table("src/metrics/mod.rs", "DEFINITIONS");
    let mut wrong = Vec::new();
    for (module, name) in &declared {
        if !listed.contains(&format!("&{module}::{name},")) {
            wrong.push(format!("{module}::{name}"));
        }
    }
    assert_none(&wrong, "not in DEFINITIONS");
    assert_eq!(declared.len(), DEFINITIONS.len(), "DEFINITIONS lists more than is declared, or one twice");
    for definition in DEFINITIONS {
        let key = definition.key;
        assert!(is_kebab(&key.replace('_', "-")), "{key}");
        assert!(!definition.label.is_empty() && definition.text.len() > 10, "{key} is not defined");
        assert!(definition.text.contains('`') || definition.text.contains("mean"), "{key} states no formula");
    }
    assert_unique(&DEFINITIONS.iter().map(|d| d.key).collect::<Vec<_>>(), "keys of figures");
    assert_unique(&DEFINITIONS.iter().map(|d| d.label.english()).collect::<Vec<_>>(), "labels of figures");
}

/// The lines of the map in the crate's documentation, each by the name that it begins with.
fn map() -> Vec<(usize, String)> {
    let text = std::fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let docs: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("//!")).collect();
    let start = docs.iter().position(|line| line.trim() == "```text").expect("a map") + 1;
    let lines = docs[start..].iter().take_while(|line| line.trim() != "```");
    let named = lines.filter_map(|line| {
        let line = line.strip_prefix(' ').unwrap_or(line);
        let depth = line.len() - line.trim_start().len();
        let name = line.split_whitespace().next()?;
        (name.ends_with('/') || name.ends_with(".rs")).then(|| (depth, name.to_owned()))
    });
    named.collect()
}

#[test]
fn the_map_in_the_crates_documentation_is_the_tree() {
    let map = map();
    let wanted: BTreeSet<String> = std::fs::read_dir(root().join("src"))
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() { format!("{name}/") } else { name }
        })
        // A folder whose `x.rs` stands beside it is one module.
        .collect();
    let listed: BTreeSet<String> =
        map.iter().filter(|(depth, _)| *depth == 0).map(|(_, name)| name.clone()).collect();
    assert_eq!(listed, wanted, "the map's first level (left) and src/ (right)");
    let mut folder = String::new();
    for (depth, name) in &map {
        if *depth == 0 {
            folder = name.clone();
        } else {
            let path = root().join("src").join(&folder).join(name);
            assert!(path.exists(), "the map tells of {folder}{name}, which is not there");
        }
    }
}

#[test]
fn every_file_begins_by_saying_what_it_is() {
    let wrong: Vec<_> =
        sources().into_iter().filter(|file| !file.text.starts_with("//! ")).map(|file| file.path).collect();
    assert_none(&wrong, "no `//!` line at its head");
}
