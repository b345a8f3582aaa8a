//! Panels as SVG, taken out of the window as a user takes them, and tables as text to be pasted.
#![cfg(feature = "gui")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use std::path::Path;
use std::time::{Duration, Instant};

use common::clustered;
use egui::accesskit::Role;
use egui_kittest::{Harness, kittest::Queryable};
use rvqscope::app::{App, WindowRequest, panels::PANELS};
use rvqscope::param::ParamValue;
use rvqscope::session::{DataCommand, ParamsCommand, TrainCommand};

const PATIENCE: Duration = Duration::from_secs(60);

type Window = Harness<'static, App>;

/// A window in which a small training has ended.
fn trained(folder: &Path) -> Window {
    let mut harness: Window =
        Harness::builder().with_size([1800.0, 1700.0]).build_eframe(|cc| App::empty(cc));
    harness.state_mut().ask_inside_only();
    let path = folder.join("a & <b>.npy");
    rvqscope::io::write_f32_npy(&path, clustered(5, 600, 6, 12).view()).unwrap();
    harness.state_mut().apply(DataCommand::Open(vec![path]));
    until(&mut harness, |app| app.session().dataset().is_some());
    for (key, value) in
        [("codebook_size", 16), ("num_layers", 3), ("steps", 30), ("batch_size", 64), ("kmeans_iters", 3)]
    {
        harness.state_mut().apply(ParamsCommand::Set { key, value: ParamValue::Int(value) });
    }
    harness.state_mut().apply(TrainCommand::Start);
    until(&mut harness, |app| !app.session().is_busy() && app.session().view().is_some());
    harness
}

fn until(harness: &mut Window, is_there: impl Fn(&App) -> bool) {
    let start = Instant::now();
    harness.step();
    while !is_there(harness.state()) {
        assert!(start.elapsed() < PATIENCE, "it does not come");
        std::thread::sleep(Duration::from_millis(5));
        harness.step();
    }
    harness.run_steps(3);
}

/// Asks for a drawing and answers where it goes.
fn drawing(harness: &mut Window, panel_id: &'static str, key: Option<&'static str>, folder: &Path) -> String {
    harness.state_mut().request(WindowRequest::SaveSvg { panel_id, key });
    harness.run_steps(3);
    let path = folder.join(format!("{panel_id}-{}.svg", key.unwrap_or("all")));
    let field = harness.get_by_role_and_label(Role::TextInput, "File");
    field.set_text_value_accesskit(&path.to_string_lossy());
    harness.run_steps(3);
    harness.get_by_role_and_label(Role::Button, "Save").click_accesskit();
    let start = Instant::now();
    while !path.exists() {
        assert!(start.elapsed() < PATIENCE, "{panel_id}: no file");
        std::thread::sleep(Duration::from_millis(5));
        harness.step();
    }
    harness.run_steps(3);
    std::fs::read_to_string(path).unwrap()
}

/// Reads it as XML to its end and counts its elements.
fn elements(svg: &str) -> Vec<String> {
    use quick_xml::events::Event;
    let mut reader = quick_xml::Reader::from_str(svg);
    let mut names = Vec::new();
    loop {
        let tag = match reader.read_event().unwrap() {
            Event::Start(tag) | Event::Empty(tag) => tag,
            Event::Eof => return names,
            _ => continue,
        };
        tag.attributes().for_each(|attribute| drop(attribute.unwrap()));
        names.push(String::from_utf8(tag.name().as_ref().to_vec()).unwrap());
    }
}

/// The drawing of a panel with its elements; where it has pictures, which are made on a thread, once they are there.
fn drawn(harness: &mut Window, id: &'static str, is_picture: bool, folder: &Path) -> (String, Vec<String>) {
    let start = Instant::now();
    loop {
        let svg = drawing(harness, id, None, folder);
        let names = elements(&svg);
        if !is_picture || names.iter().any(|name| name == "image") || start.elapsed() > PATIENCE {
            return (svg, names);
        }
        std::fs::remove_file(folder.join(format!("{id}-all.svg"))).unwrap();
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn look_at(harness: &mut Window, panel_id: &str) {
    harness.state_mut().layout_mut().show(panel_id);
    harness.run_steps(3);
    until(harness, |app| app.session().background().next().is_none());
}

#[test]
fn every_panel_is_drawn_as_it_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let mut harness = trained(folder.path());
    for make in PANELS {
        let id = make().id();
        look_at(&mut harness, id);
        let is_picture = ["data", "tokens", "time"].contains(&id);
        let (svg, names) = drawn(&mut harness, id, is_picture, folder.path());
        assert!(
            names.iter().filter(|name| *name == "text").count() > 0,
            "{id}: no words in {} elements",
            names.len()
        );
        assert!(!svg.contains("NaN") && !svg.contains("inf\""), "{id}");
        assert!(svg.len() < 4 << 20, "{id}: {} bytes", svg.len());
        assert!(!svg.contains("<desc>"), "{id}: something is left out");
        assert!(!is_picture || names.iter().any(|name| name == "image"), "{id}: no picture in {names:?}");
        let has_lines = ["error", "ema", "usage", "codebook"].contains(&id);
        let is_line = |name: &String| {
            ["polyline", "line", "path", "rect", "circle", "polygon"].contains(&name.as_str())
        };
        assert!(!has_lines || names.iter().filter(|name| is_line(name)).count() > 20, "{id}: {names:?}");
        assert!(!svg.contains(">PNG</text>"), "{id}: buttons belong to no drawing");
    }
}

#[test]
fn a_part_of_a_panel_is_drawn_from_its_title_on() {
    let folder = tempfile::tempdir().unwrap();
    let mut harness = trained(folder.path());
    look_at(&mut harness, "error");
    let (all, part) = (
        drawing(&mut harness, "error", None, folder.path()),
        drawing(&mut harness, "error", Some("table"), folder.path()),
    );
    assert!(part.contains("Figures by layer") && part.len() < all.len(), "{} of {}", part.len(), all.len());
    assert!(!part.contains("image") && elements(&part).len() > 5);
    // What is not shown cannot be drawn, and is not asked for.
    harness.state_mut().request(WindowRequest::SaveSvg { panel_id: "error", key: Some("no such part") });
    harness.run_steps(3);
    let notices = harness.state().session().notices();
    assert!(notices.iter().any(|notice| notice.text.contains("not on the screen")), "{notices:?}");
}

#[test]
fn tables_are_copied_for_papers() {
    let folder = tempfile::tempdir().unwrap();
    let mut harness = trained(folder.path());
    look_at(&mut harness, "layers");
    for (entry, begins, has) in [
        ("Copy table as Markdown", "| Layer |", "| Gain (dB) |"),
        ("Copy table as LaTeX", "% \\usepackage{booktabs}", "Gain (dB) &"),
    ] {
        harness.get_all_by_role_and_label(Role::Button, "Copy").next().unwrap().click_accesskit();
        harness.run_steps(3);
        harness.get_by_label(entry).click_accesskit();
        harness.step();
        let commands = &harness.output().platform_output.commands;
        let copied = commands.iter().find_map(|command| match command {
            egui::OutputCommand::CopyText(text) => Some(text.clone()),
            _ => None,
        });
        let copied = copied.unwrap_or_else(|| panic!("{entry}: nothing was copied"));
        assert!(copied.starts_with(begins) && copied.contains(has), "{copied}");
        assert!(copied.contains("healthy") || copied.contains("watch"), "{copied}");
        harness.run_steps(3);
    }
}
