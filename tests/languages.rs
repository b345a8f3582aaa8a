//! The language of the window: chosen in its menu, kept from one start to the next, and English where no font has the characters of another.
#![cfg(feature = "gui")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use egui::accesskit::Role;
use egui::{FontData, FontDefinitions};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};

use rvqscope::app::App;
use rvqscope::app::panels::PANELS;
use rvqscope::param::ParamValue;
use rvqscope::session::{DataCommand, ParamsCommand, SelectCommand, TrainCommand};
use rvqscope::text::{Language, Message};

type Window = Harness<'static, App>;

/// Characters that the stand-in for a Chinese font has.
const DRAWN: &str = "码本层帧";

/// Storage in memory, as eframe has it in a file.
#[derive(Default)]
struct Storage(HashMap<String, String>);

impl eframe::Storage for Storage {
    fn get_string(&self, key: &str) -> Option<String> {
        self.0.get(key).cloned()
    }
    fn set_string(&mut self, key: &str, value: String) {
        self.0.insert(key.to_owned(), value);
    }
    fn remove_string(&mut self, key: &str) {
        self.0.remove(key);
    }
    fn flush(&mut self) {}
}

/// A font of the window with another table of characters: those of Chinese that are looked for lead to some sign of it.
fn stand_in() -> FontData {
    let mut font = FontDefinitions::default().font_data["Hack"].bytes().to_vec();
    let mut characters: Vec<u32> = DRAWN.chars().map(u32::from).collect();
    characters.sort_unstable();
    let groups = characters.len() as u32;
    // One table, for all of Unicode, in the form of groups: their first character, their last, and the sign of the first.
    let mut table = [0u16, 1, 3, 10].map(u16::to_be_bytes).concat();
    table.extend([12u32].map(u32::to_be_bytes).concat());
    table.extend([12u16, 0].map(u16::to_be_bytes).concat());
    table.extend([16 + 12 * groups, 0, groups].map(u32::to_be_bytes).concat());
    for character in characters {
        table.extend([character, character, 40].map(u32::to_be_bytes).concat());
    }
    font.resize(font.len().next_multiple_of(4), 0);
    let place = [font.len() as u32, table.len() as u32].map(u32::to_be_bytes).concat();
    let entries = usize::from(u16::from_be_bytes([font[4], font[5]]));
    let entry = (0..entries).map(|nth| 12 + 16 * nth).find(|&at| &font[at..at + 4] == b"cmap").unwrap();
    font[entry + 8..entry + 16].copy_from_slice(&place);
    font.extend(table);
    FontData::from_owned(font)
}

/// A window with what `storage` remembers, on a system with a Chinese font or without.
fn window(storage: Option<&'static Storage>, has_font: bool) -> Window {
    let mut harness = Harness::builder()
        .with_size([1500.0, 1200.0])
        // The stand-in has a few characters only.
        .allow_missing_glyphs()
        .build_eframe(|cc| {
            cc.storage = storage.map(|storage| storage as &dyn eframe::Storage);
            if has_font {
                let font = stand_in();
                let provide = move |request: &egui::epaint::text::FallbackRequest<'_>| {
                    let is_drawn = request.cluster.chars().next().is_some_and(|c| DRAWN.contains(c));
                    is_drawn
                        .then(|| egui::epaint::text::FontInsert::new("stand-in", font.clone(), Vec::new()))
                };
                cc.egui_ctx.add_font_provider(Arc::new(provide));
            }
            App::empty(cc)
        });
    harness.run_steps(3);
    harness
}

#[track_caller]
fn click(harness: &mut Window, role: Role, label: &str) {
    harness.get_by_role_and_label(role, label).click_accesskit();
    harness.run_steps(3);
}

/// Folds a section of the left side, or unfolds it.
#[track_caller]
fn fold(harness: &mut Window, section: &str) {
    harness.get_by_label(section).click_accesskit();
    // Folding takes its time on the screen.
    harness.run_steps(30);
}

/// Chooses a language by its name, in menus that are called so.
#[track_caller]
fn choose(harness: &mut Window, menus: [&str; 2], name: &str) {
    menus.into_iter().for_each(|menu| click(harness, Role::Button, menu));
    click(harness, Role::RadioButton, name);
    harness.key_press(egui::Key::Escape);
    harness.run_steps(3);
}

fn has_button(harness: &Window, label: &str) -> bool {
    harness.query_by_role_and_label(Role::Button, label).is_some()
}

fn shows(harness: &Window, label: &str) -> bool {
    harness.query_all_by_label(label).next().is_some()
}

fn chinese(key: &'static str) -> String {
    Message::new(key, Vec::new()).text_in(Language::Chinese)
}

const ENGLISH_MENUS: [&str; 2] = ["View", "Language"];
const CHINESE_MENUS: [&str; 2] = ["视图", "语言（Language）"];

/// Menus, tabs, the left side and the status line, in English and in Chinese.
#[track_caller]
fn assert_speaks(harness: &Window, language: Language) {
    let is_english = language == Language::English;
    for (english, key) in [("File", "window-file"), ("Edit", "window-edit"), ("Pause", "side-pause")] {
        assert_eq!(has_button(harness, english), is_english, "{english}");
        assert_eq!(has_button(harness, &chinese(key)), !is_english, "{key}");
    }
    for (english, key) in [("Codebook usage", "panel-usage"), ("No data", "side-state-no-data")] {
        let wanted = if is_english { english.to_owned() } else { chinese(key) };
        assert!(shows(harness, &wanted), "{wanted}");
    }
}

#[test]
fn a_language_is_spoken_as_soon_as_it_is_chosen() {
    let mut harness = window(None, true);
    assert_speaks(&harness, Language::English);
    choose(&mut harness, ENGLISH_MENUS, "简体中文");
    assert_speaks(&harness, Language::Chinese);
    assert!(harness.state().session().notices().is_empty());
    choose(&mut harness, CHINESE_MENUS, "English");
    assert_speaks(&harness, Language::English);
    choose(&mut harness, ENGLISH_MENUS, "简体中文");
    // Nobody sees this window, so that it follows no system.
    choose(&mut harness, CHINESE_MENUS, &chinese("window-language.system"));
    assert_speaks(&harness, Language::English);
    assert!(harness.try_run().is_ok(), "nothing asks for another frame");
}

#[test]
fn what_is_folded_stays_folded_in_another_language() {
    let mut harness = window(None, true);
    fold(&mut harness, "Quantizer");
    assert!(!shows(&harness, "Rule"));
    choose(&mut harness, ENGLISH_MENUS, "简体中文");
    assert!(!shows(&harness, &chinese("side-rule")));
    fold(&mut harness, &chinese("side-quantizer"));
    assert!(shows(&harness, &chinese("side-rule")));
}

#[test]
fn a_language_comes_back_at_the_next_start() {
    let mut harness = window(None, true);
    choose(&mut harness, ENGLISH_MENUS, "简体中文");
    let mut storage = Storage::default();
    eframe::App::save(harness.state_mut(), &mut storage);
    drop(harness);
    let storage: &'static Storage = Box::leak(Box::new(storage));
    assert_speaks(&window(Some(storage), true), Language::Chinese);
    for (tag, language) in [
        (r#""zh-Hans""#, Language::Chinese),
        (r#""en""#, Language::English),
        (r#""tlh""#, Language::English),
        ("7", Language::English),
    ] {
        let mut storage = Storage::default();
        storage.0.insert("settings".to_owned(), format!(r#"{{"version":1,"language":{tag}}}"#));
        let storage: &'static Storage = Box::leak(Box::new(storage));
        assert_speaks(&window(Some(storage), true), language);
    }
}

#[test]
fn without_a_font_the_window_says_so_and_stays_english() {
    let mut harness = window(None, false);
    for times in 1..3 {
        choose(&mut harness, ENGLISH_MENUS, "简体中文");
        assert_speaks(&harness, Language::English);
        let notices = harness.state().session().notices();
        let [notice] = notices else { panic!("{notices:?}") };
        assert!(notice.text.to_string().starts_with("No font with Chinese characters was found"));
        assert_eq!(notice.times, times, "once for each time that it is chosen");
        choose(&mut harness, ENGLISH_MENUS, "English");
    }
    assert!(harness.try_run().is_ok(), "nothing asks for another frame");
}

/// Frames by four dimensions in four clusters.
fn features(dir: &std::path::Path) -> std::path::PathBuf {
    let values = ndarray::Array2::from_shape_fn((900, 4), |(t, d)| {
        ((t * 31 + d * 17) % 101) as f32 / 101.0 + (t % 4) as f32 * (d + 1) as f32
    });
    let path = dir.join("frames.npy");
    ndarray_npy::write_npy(&path, &values).unwrap();
    path
}

/// Draws until no job is under way and no panel waits for what it asked for.
fn settle(harness: &mut Window) {
    let start = Instant::now();
    let is_at_work = |app: &App| app.session().is_busy() || app.session().background().next().is_some();
    harness.run_steps(3);
    while is_at_work(harness.state()) {
        assert!(start.elapsed() < Duration::from_secs(60), "work does not come to an end");
        std::thread::sleep(Duration::from_millis(5));
        harness.run_steps(2);
    }
    harness.run_steps(2);
}

/// The English words of what is shown: lower case and longer than a unit, outside of what is code.
fn english_words(text: &str) -> Vec<&str> {
    // Ids, names of methods and of files, keys that a user types, and what the field calls nothing else.
    const NAMES: &str = " autocast avg cluster dropout embed encodec frames gpt kbit kmeans log lucidrains means mel moshi nat npy rvqscope \
                         shuffled size sovits steps ";
    // What egui says of its own handles.
    if text.starts_with("Resize ") || text == "Close window" {
        return Vec::new();
    }
    let prose = text.split('`').step_by(2);
    let words = prose.flat_map(|part| part.split(|c: char| !c.is_ascii_alphabetic()));
    words
        .filter(|word| {
            word.len() >= 3 && word.chars().all(|c| c.is_ascii_lowercase()) && !NAMES.contains(word)
        })
        .collect()
}

fn collect_english(harness: &Window, place: &str, found: &mut BTreeSet<String>) {
    for node in harness.root().children_recursive() {
        let node = node.accesskit_node();
        for text in [node.label(), node.value(), node.description(), node.placeholder().map(str::to_owned)] {
            if let Some(text) = text.filter(|text| !english_words(text).is_empty()) {
                found.insert(format!("{place}: {text:?}"));
            }
        }
    }
}

#[test]
fn a_window_in_chinese_shows_no_english() {
    let dir = tempfile::tempdir().unwrap();
    let mut harness = window(None, true);
    choose(&mut harness, ENGLISH_MENUS, "简体中文");
    let mut found = BTreeSet::new();
    collect_english(&harness, "nothing open", &mut found);
    harness.state_mut().apply(DataCommand::Open(vec![features(dir.path())]));
    settle(&mut harness);
    for (key, value) in [("codebook_size", 16), ("num_layers", 3), ("steps", 30), ("batch_size", 64)] {
        harness.state_mut().apply(ParamsCommand::Set { key, value: ParamValue::Int(value) });
    }
    for state in ["data", "trained"] {
        for make in PANELS {
            let id = make().id();
            harness.state_mut().layout_mut().show(id);
            settle(&mut harness);
            collect_english(&harness, &format!("{id}, {state}"), &mut found);
        }
        harness.state_mut().apply(TrainCommand::Start);
        settle(&mut harness);
        assert!(harness.state().session().view().is_some());
        harness.state_mut().apply(SelectCommand::Code(1, Some(3)));
    }
    for menu in ["window-file", "window-edit", "window-view"] {
        click(&mut harness, Role::Button, &chinese(menu));
        collect_english(&harness, menu, &mut found);
        harness.key_press(egui::Key::Escape);
        harness.run_steps(3);
    }
    harness.key_press(egui::Key::F1);
    harness.run_steps(5);
    collect_english(&harness, "help", &mut found);
    assert!(found.is_empty(), "{} texts:\n{}", found.len(), found.into_iter().collect::<Vec<_>>().join("\n"));
}
