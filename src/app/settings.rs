//! What is remembered from one start to the next.
//!
//! Everything stands under one key as JSON, part by part: a part that is missing, of another version or broken falls back to its default and
//! leaves the others as they are.

use std::path::PathBuf;

use egui::ThemePreference;
use egui_tiles::Tree;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::audio::ChannelChoice;
use crate::features::{self, ExtractParams};
use crate::jobs::{DataSpec, Source};
use crate::rvq::RvqParams;
use crate::rvq::search::Search;
use crate::session::{ParamsEditor, Plan, Session};
use crate::text::Language;
use crate::training::{params_from_json, params_json};

use super::recent::Recent;
use super::{Layout, Pane};

/// Under which key everything stands.
const KEY: &str = "settings";
/// Raised when a part changes its meaning; parts of another version are not read.
const VERSION: u64 = 1;

/// The stored settings.
#[derive(Default)]
pub struct Settings {
    /// Where the panels lie.
    pub layout: Option<Tree<Pane>>,
    /// Light, dark, or as the system.
    pub theme: ThemePreference,
    /// The language of the window; `None` for that of the system.
    pub language: Option<Language>,
    /// What was opened.
    pub recent: Recent,
    /// The folder that a dialog was last in.
    pub last_folder: Option<PathBuf>,
    params: Option<RvqParams>,
    data: Option<DataSpec>,
    holdout: Option<f64>,
    standardize: bool,
    search: Search,
}

impl Settings {
    /// Reads them.
    #[must_use]
    pub fn load(storage: &dyn eframe::Storage) -> Self {
        let text = storage.get_string(KEY).unwrap_or_default();
        let Ok(Value::Object(map)) = serde_json::from_str(&text) else { return Self::default() };
        if map.get("version").and_then(Value::as_u64) != Some(VERSION) {
            return Self::default();
        }
        Self {
            layout: part(&map, "layout"),
            theme: part(&map, "theme").unwrap_or_default(),
            language: part::<String>(&map, "language").and_then(|tag| Language::of_tag(&tag)),
            recent: Recent::new(part(&map, "recent").unwrap_or_default()),
            last_folder: part(&map, "last_folder"),
            params: map
                .get("params")
                .and_then(Value::as_object)
                .and_then(params_from_json)
                .filter(|params| params.validate().is_ok()),
            data: map.get("data").and_then(Value::as_object).map(data_from_json),
            holdout: part::<f64>(&map, "holdout").filter(|share| (0.0..=0.9).contains(share)),
            standardize: part(&map, "standardize").unwrap_or_default(),
            search: part(&map, "search").unwrap_or_default(),
        }
    }

    /// Writes them.
    pub fn store(&self, storage: &mut dyn eframe::Storage) {
        let Self { layout, theme, language, recent, last_folder, params, data, holdout, standardize, search } =
            self;
        let mut map = Map::new();
        map.insert("version".to_owned(), VERSION.into());
        put(&mut map, "layout", layout);
        put(&mut map, "theme", theme);
        put(&mut map, "language", &language.map(Language::tag));
        put(&mut map, "recent", &recent.entries());
        put(&mut map, "last_folder", last_folder);
        put(&mut map, "params", &params.as_ref().map(params_json));
        put(&mut map, "data", &data.as_ref().map(data_json));
        put(&mut map, "holdout", holdout);
        put(&mut map, "standardize", standardize);
        put(&mut map, "search", search);
        storage.set_string(KEY, Value::Object(map).to_string());
    }

    /// Puts them into effect.
    pub fn restore(&self, session: &mut Session, ctx: &egui::Context) {
        ctx.set_theme(self.theme);
        let plan = Plan {
            params: ParamsEditor::new(self.params.unwrap_or_default()),
            holdout: self.holdout.unwrap_or_else(|| session.holdout()),
            standardize: self.standardize,
            search: self.search,
        };
        session.restore(plan, self.data.clone().unwrap_or_default());
    }

    /// Takes them from what is. Parameters that a built-in source brought along do not take the place of the user's own.
    pub fn keep(&mut self, session: &Session, layout: &Layout, last_folder: Option<PathBuf>) {
        self.layout = Some(layout.tree().clone());
        self.last_folder = last_folder;
        let params = *session.params().current();
        let preset = session.dataset().and_then(|dataset| match dataset.source {
            Source::Builtin(builtin) => Some(builtin.preset()),
            Source::Files(_) => None,
        });
        if preset != Some(params) {
            self.params = Some(params);
        }
        self.data = Some(session.data_spec().clone());
        let brought = session.dataset().and_then(|dataset| match dataset.source {
            Source::Builtin(builtin) => Some(builtin.holdout()),
            Source::Files(_) => None,
        });
        if brought != Some(session.holdout()) {
            self.holdout = Some(session.holdout());
        }
        self.standardize = session.standardize();
        self.search = session.search();
    }
}

fn part<T: DeserializeOwned>(map: &Map<String, Value>, key: &str) -> Option<T> {
    serde_json::from_value(map.get(key)?.clone()).ok()
}

fn put<T: Serialize>(map: &mut Map<String, Value>, key: &str, value: &T) {
    if let Ok(value) = serde_json::to_value(value)
        && !value.is_null()
    {
        map.insert(key.to_owned(), value);
    }
}

/// How files are made into frames, by the keys of the parameters' descriptions. Which axis is time, and how many codes there are, belongs to a
/// file and is not kept.
fn data_json(data: &DataSpec) -> Map<String, Value> {
    // The rest is of the files that were open.
    let DataSpec { extract, channel, frame_rate_hz, .. } = data;
    let mut map = Map::new();
    map.insert("extractor".to_owned(), extract.extractor.into());
    for spec in features::PARAMS {
        map.insert(spec.key.to_owned(), (spec.read)(extract).to_json());
    }
    put(&mut map, "channel", channel);
    put(&mut map, "frame_rate_hz", frame_rate_hz);
    map
}

fn data_from_json(map: &Map<String, Value>) -> DataSpec {
    let mut extract = ExtractParams::default();
    if let Some(extractor) = map.get("extractor").and_then(Value::as_str).and_then(features::find) {
        extract.extractor = extractor.id();
    }
    for spec in features::PARAMS {
        let text = match map.get(spec.key) {
            Some(Value::String(text)) => text.clone(),
            Some(value) => value.to_string(),
            None => continue,
        };
        if let Ok(value) = spec.parse(&text) {
            (spec.write)(&mut extract, value);
        }
    }
    if extract.validate().is_err() {
        extract = ExtractParams::default();
    }
    DataSpec {
        extract,
        channel: part(map, "channel").unwrap_or(ChannelChoice::Mix),
        frame_rate_hz: part::<f64>(map, "frame_rate_hz").filter(|rate| rate.is_finite() && *rate > 0.0),
        ..DataSpec::default()
    }
}
