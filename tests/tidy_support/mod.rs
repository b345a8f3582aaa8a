//! Which module uses which, read off `use` lines and paths with re-exports followed, and the circles among the parts of a folder.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// A module's place below the crate: `["rvq", "rules"]`.
type Place = Vec<String>;

/// The modules of a crate, each with its code, bare of comments, texts and tests.
pub struct Tree {
    code: BTreeMap<Place, String>,
    /// For each module, the names that it exports of others, and where each leads.
    exports: BTreeMap<Place, BTreeMap<String, Vec<String>>>,
}

/// A path as it is written, the name that it goes by where it stands, and whether it is exported from there.
struct Mention {
    path: Vec<String>,
    name: String,
    is_export: bool,
}

impl Tree {
    /// A crate of `modules`, each with its place and its bare code.
    pub fn new(modules: impl IntoIterator<Item = (Place, String)>) -> Self {
        let mut tree = Self { code: modules.into_iter().collect(), exports: BTreeMap::new() };
        let mut exports = BTreeMap::new();
        for (place, code) in &tree.code {
            let exported = mentions(code).into_iter().filter(|mention| mention.is_export);
            let exported: BTreeMap<_, _> = exported
                .filter_map(|mention| Some((mention.name, tree.absolute(place, &mention.path)?)))
                .collect();
            exports.insert(place.clone(), exported);
        }
        tree.exports = exports;
        tree
    }

    /// The circles: in each folder, parts of it that use each other, one sentence each.
    ///
    /// A part is a file, or a folder with all that lies in it. What a folder's own `mod.rs` holds is common ground to its parts: it lists and
    /// exports them, and traits and errors that they share may stand there.
    pub fn circles(&self) -> Vec<(String, String)> {
        let mut found = Vec::new();
        for (folder, uses) in self.uses() {
            let mut told = BTreeSet::new();
            for part in uses.keys() {
                let Some(circle) = shortest_circle(part, &uses) else { continue };
                let members: BTreeSet<&str> = circle.iter().map(|(part, _)| part.as_str()).collect();
                if told.insert(members.into_iter().map(str::to_owned).collect::<Vec<_>>()) {
                    let steps: Vec<String> =
                        circle.iter().map(|(part, example)| format!("{part} -> ({example})")).collect();
                    found.push((folder.join("/"), format!("{} -> {part}", steps.join(" "))));
                }
            }
        }
        found
    }

    /// For each folder, which of its parts uses which others, with an example of each.
    fn uses(&self) -> BTreeMap<Place, BTreeMap<String, BTreeMap<String, String>>> {
        let mut uses: BTreeMap<Place, BTreeMap<String, BTreeMap<String, String>>> = BTreeMap::new();
        for (place, code) in &self.code {
            for mention in mentions(code) {
                let Some(path) = self.absolute(place, &mention.path) else { continue };
                let target = self.home(&path, 0);
                let shared = place.iter().zip(&target).take_while(|(a, b)| a == b).count();
                // Between a module and one above it there are no two parts.
                if let (Some(part), Some(other)) = (place.get(shared), target.get(shared)) {
                    let example = format!("{} uses {}", place.join("::"), path.join("::"));
                    let parts = uses.entry(place[..shared].to_vec()).or_default();
                    parts.entry(part.clone()).or_default().entry(other.clone()).or_insert(example);
                }
            }
        }
        uses
    }

    /// `path`, written in the module at `place`, from the crate's root; `None` where it leads out of the crate or to a name of this module.
    fn absolute(&self, place: &[String], path: &[String]) -> Option<Vec<String>> {
        let mut base = place.to_vec();
        let mut rest = path;
        match path.first()?.as_str() {
            "crate" => (base, rest) = (Vec::new(), &path[1..]),
            "self" => rest = &path[1..],
            "super" => {
                while rest.first().is_some_and(|word| word == "super") {
                    base.pop()?;
                    rest = &rest[1..];
                }
            }
            child => {
                let mut inside = base.clone();
                inside.push(child.to_owned());
                self.code.get(&inside)?;
            }
        }
        base.extend_from_slice(rest);
        Some(base)
    }

    /// The module that defines what `path` names, with exports followed.
    fn home(&self, path: &[String], depth: usize) -> Place {
        for len in (0..=path.len()).rev() {
            if !self.code.contains_key(&path[..len]) {
                continue;
            }
            let exported = path.get(len).and_then(|name| self.exports.get(&path[..len])?.get(name));
            return match exported {
                // A name that leads to itself would go round for ever.
                Some(target) if depth < 16 => self.home(&[&target[..], &path[len + 1..]].concat(), depth + 1),
                _ => path[..len].to_vec(),
            };
        }
        Vec::new()
    }
}

/// The shortest way from `start` back to it, each part with an example of how it uses the next.
fn shortest_circle(
    start: &str,
    uses: &BTreeMap<String, BTreeMap<String, String>>,
) -> Option<Vec<(String, String)>> {
    let mut queue = VecDeque::from([vec![start.to_owned()]]);
    let mut seen = BTreeSet::new();
    while let Some(way) = queue.pop_front() {
        for next in uses.get(way.last()?).into_iter().flat_map(BTreeMap::keys) {
            if next == start {
                let ends = way.iter().skip(1).chain([next]);
                return Some(way.iter().zip(ends).map(|(a, b)| (a.clone(), uses[a][b].clone())).collect());
            }
            if seen.insert(next.clone()) {
                queue.push_back([way.clone(), vec![next.clone()]].concat());
            }
        }
    }
    None
}

/// Every path of `code` that may lead to another module.
fn mentions(code: &str) -> Vec<Mention> {
    let mut found = Vec::new();
    for statement in code.split(';') {
        let line = statement.rfind("use ").filter(|&at| !statement[..at].ends_with(is_word));
        let before = line.map_or(statement, |at| &statement[..at]);
        found.extend(paths(before));
        if let Some(at) = line {
            let before = before.trim_end();
            let is_export = before.ends_with("pub") || (before.ends_with(')') && before.contains("pub("));
            expand(&statement[at + 4..], &[], is_export, &mut found);
        }
    }
    found
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Paths outside of `use` lines that begin with `crate`, `super` or `self`.
fn paths(code: &str) -> Vec<Mention> {
    let mut found = Vec::new();
    for head in ["crate::", "super::", "self::"] {
        for (at, _) in code.match_indices(head) {
            if code[..at].ends_with(is_word) || code[..at].ends_with("::") {
                continue;
            }
            let mut path = Vec::new();
            let mut rest = &code[at..];
            loop {
                let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
                path.push(rest[..end].to_owned());
                match rest[end..].strip_prefix("::") {
                    Some(behind) if behind.starts_with(is_word) => rest = behind,
                    _ => break,
                }
            }
            let name = path.last().cloned().unwrap_or_default();
            found.push(Mention { path, name, is_export: false });
        }
    }
    found
}

/// The paths of `a::{b, c::{d, self}, e as f}`.
fn expand(tree: &str, before: &[String], is_export: bool, found: &mut Vec<Mention>) {
    let mut path = before.to_vec();
    let mut rest = tree.trim();
    while let Some((word, behind)) =
        rest.split_once("::").filter(|(word, _)| word.trim().chars().all(is_word))
    {
        path.push(word.trim().to_owned());
        rest = behind.trim();
    }
    if let Some(list) = rest.strip_prefix('{') {
        for item in items(list) {
            expand(item, &path, is_export, found);
        }
        return;
    }
    let (word, name) = rest.split_once(" as ").unwrap_or((rest, rest));
    if word.trim() != "self" {
        path.push(word.trim().to_owned());
    }
    let name =
        if name.trim() == "self" { path.last().cloned().unwrap_or_default() } else { name.trim().to_owned() };
    found.push(Mention { path, name, is_export });
}

/// What stands between the commas of `list`, up to its closing brace.
fn items(list: &str) -> Vec<&str> {
    let (mut depth, mut start, mut items) = (0, 0, Vec::new());
    for (at, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => {
                items.push(&list[start..at]);
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                items.push(&list[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    items.retain(|item| !item.trim().is_empty());
    items
}

#[test]
fn circles_are_found_through_exports_and_paths() {
    let circles = |modules: &[(&str, &str)]| -> Vec<(String, String)> {
        let place = |path: &str| path.split('/').filter(|s| !s.is_empty()).map(str::to_owned).collect();
        Tree::new(modules.iter().map(|(path, code)| (place(path), (*code).to_owned()))).circles()
    };
    // `b` and `c` see each other through what their folder exports, one of them under another name.
    let facade = ("a", "mod b; mod c; mod d; pub use b::B; pub(crate) use c::{self as other, C};");
    let found = circles(&[
        facade,
        ("a/b", "use super::{other, D}; fn f(_: other::Thing) {}"),
        ("a/c", "use std::fmt; use crate::a::B;"),
        ("a/d", "use super::b::B; use super::c;"),
    ]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].0, "a");
    assert_eq!(found[0].1, "b -> (a::b uses a::other) c -> (a::c uses a::B) -> b");
    // Without the way back there is none; what the folder itself holds is common ground.
    let open =
        [facade, ("a/b", "use super::{C, Shared};"), ("a/c", "use super::Shared;"), ("a/d", "use super::b;")];
    assert_eq!(circles(&open), []);
    // A folder counts with all that lies in it, and a path without a `use` counts too.
    let deep = circles(&[
        ("x", "mod y; mod z;"),
        ("x/y", "mod inner;"),
        ("x/y/inner", "fn f() { super::super::z::g() }"),
        ("x/z", "use super::y;"),
    ]);
    assert_eq!(
        deep,
        [("x".to_owned(), "y -> (x::y::inner uses x::z::g) z -> (x::z uses x::y) -> y".to_owned())]
    );
}
