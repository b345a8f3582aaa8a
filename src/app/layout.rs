//! Which panels are open and where they lie: tabs that can be moved, split, closed and brought back.

use std::collections::BTreeMap;

use egui::{Rect, Ui, WidgetText};
use egui_tiles::{Behavior, Container, SimplificationOptions, Tile, TileId, Tiles, Tree, UiResponse};
use serde::{Deserialize, Serialize};

use super::panel::{Panel, PanelCtx};
use super::panels::PANELS;

/// A tab: the id of a panel. Layouts are stored as these.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Pane(pub String);

/// The arrangement of the panels, which is stored, and the panels themselves.
pub struct Layout {
    tree: Tree<Pane>,
    panels: BTreeMap<&'static str, Box<dyn Panel>>,
    /// Where each panel was drawn last; a hidden one has none.
    rects: BTreeMap<&'static str, Rect>,
}

impl Layout {
    /// The stored arrangement, as far as its panels still exist, or the usual one.
    #[must_use]
    pub fn new(stored: Option<Tree<Pane>>) -> Self {
        let panels: BTreeMap<_, _> = PANELS
            .iter()
            .map(|make| {
                let panel = make();
                (panel.id(), panel)
            })
            .collect();
        let mut tree = stored.unwrap_or_else(usual);
        let unknown: Vec<TileId> = tree
            .tiles
            .iter()
            .filter(|(_, tile)| matches!(tile, Tile::Pane(pane) if !panels.contains_key(pane.0.as_str())))
            .map(|(id, _)| *id)
            .collect();
        for id in unknown {
            tree.remove_recursively(id);
        }
        if tree.root.is_none() || tree.is_empty() {
            tree = usual();
        }
        Self { tree, panels, rects: BTreeMap::new() }
    }

    /// The arrangement, to be stored.
    #[must_use]
    pub fn tree(&self) -> &Tree<Pane> {
        &self.tree
    }

    /// Back to the usual arrangement.
    pub fn reset(&mut self) {
        self.tree = usual();
    }

    /// Every panel: id, title, whether it is open.
    pub fn panels(&self) -> impl Iterator<Item = (&'static str, &'static str, bool)> {
        PANELS.iter().filter_map(|make| {
            let id = make().id();
            self.panels.get(id).map(|panel| (id, panel.title(), self.tile_of(id).is_some()))
        })
    }

    /// Where a panel was drawn in the last frame.
    #[must_use]
    pub fn rect(&self, panel_id: &str) -> Option<Rect> {
        self.rects.get(panel_id).copied()
    }

    /// Brings a panel to the front, opening it where it is closed.
    pub fn show(&mut self, panel_id: &str) {
        let tile = match self.tile_of(panel_id) {
            Some(tile) => tile,
            None => {
                let tile = self.tree.tiles.insert_pane(Pane(panel_id.to_owned()));
                self.adopt(tile);
                tile
            }
        };
        self.tree.make_active(|id, _| id == tile);
    }

    /// Closes a panel.
    pub fn close(&mut self, panel_id: &str) {
        if let Some(tile) = self.tile_of(panel_id) {
            self.tree.remove_recursively(tile);
        }
    }

    /// Draws the open panels.
    pub fn ui(&mut self, ctx: &PanelCtx<'_>, ui: &mut Ui) {
        let Self { tree, panels, rects } = self;
        rects.clear();
        tree.ui(&mut Draw { ctx, panels, rects }, ui);
    }

    fn tile_of(&self, panel_id: &str) -> Option<TileId> {
        self.tree.tiles.find_pane(&Pane(panel_id.to_owned()))
    }

    /// Hangs a new tile into the first group of tabs, or makes it the root.
    fn adopt(&mut self, tile: TileId) {
        let group = self.tree.tiles.iter().find_map(|(id, candidate)| {
            matches!(candidate, Tile::Container(Container::Tabs(_))).then_some(*id)
        });
        match group.or(self.tree.root) {
            Some(group) => {
                self.tree.move_tile_to_container(tile, group, usize::MAX, true);
            }
            None => self.tree.root = Some(self.tree.tiles.insert_tab_tile(vec![tile])),
        }
    }
}

/// The usual arrangement: two rows of two groups of tabs.
fn usual() -> Tree<Pane> {
    let mut tiles = Tiles::default();
    let mut group = |ids: &[&str]| {
        let panes = ids.iter().map(|id| tiles.insert_pane(Pane((*id).to_owned()))).collect();
        tiles.insert_tab_tile(panes)
    };
    let upper_left = group(&["usage"]);
    let upper_right = group(&["error", "data"]);
    let lower_left = group(&["dead"]);
    let lower_right = group(&["ema", "notices"]);
    let upper = tiles.insert_horizontal_tile(vec![upper_left, upper_right]);
    let lower = tiles.insert_horizontal_tile(vec![lower_left, lower_right]);
    let root = tiles.insert_vertical_tile(vec![upper, lower]);
    let mut tree = Tree::new(egui::Id::unique("panels"), root, tiles);
    for first in ["usage", "error", "dead", "ema"] {
        let tile = tree.tiles.find_pane(&Pane(first.to_owned()));
        tree.make_active(|id, _| Some(id) == tile);
    }
    tree
}

struct Draw<'a> {
    ctx: &'a PanelCtx<'a>,
    panels: &'a mut BTreeMap<&'static str, Box<dyn Panel>>,
    rects: &'a mut BTreeMap<&'static str, Rect>,
}

impl Behavior<Pane> for Draw<'_> {
    fn pane_ui(&mut self, ui: &mut Ui, _: TileId, pane: &mut Pane) -> UiResponse {
        if let Some(panel) = self.panels.get_mut(pane.0.as_str()) {
            self.rects.insert(panel.id(), ui.max_rect());
            let frame = egui::Frame::new().fill(ui.visuals().panel_fill);
            frame.inner_margin(egui::Margin::same(8)).show(ui, |ui| {
                ui.push_id(panel.id(), |ui| panel.ui(self.ctx, ui));
                ui.allocate_space(ui.available_size());
            });
        }
        UiResponse::None
    }

    fn tab_title_for_pane(&mut self, pane: &Pane) -> WidgetText {
        self.panels.get(pane.0.as_str()).map_or("", |panel| panel.title()).into()
    }

    fn is_tab_closable(&self, _: &Tiles<Pane>, _: TileId) -> bool {
        true
    }

    fn on_tab_button(
        &mut self,
        tiles: &mut Tiles<Pane>,
        tile_id: TileId,
        response: egui::Response,
    ) -> egui::Response {
        match tiles.get(tile_id) {
            Some(Tile::Pane(pane)) => match self.panels.get(pane.0.as_str()) {
                Some(panel) => response.on_hover_text(panel.help()),
                None => response,
            },
            _ => response,
        }
    }

    fn tab_bar_height(&self, _: &egui::Style) -> f32 {
        26.0
    }

    fn gap_width(&self, _: &egui::Style) -> f32 {
        3.0
    }

    fn simplification_options(&self) -> SimplificationOptions {
        SimplificationOptions { all_panes_must_have_tabs: true, ..SimplificationOptions::default() }
    }
}
