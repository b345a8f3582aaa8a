//! Which panels are open and where they lie: tabs that can be moved, split, closed and brought back.

use std::collections::{BTreeMap, BTreeSet};

use egui::{Rect, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, WidgetText};
use egui_tiles::{Behavior, Container, SimplificationOptions, Tile, TileId, Tiles, Tree, UiResponse};
use serde::{Deserialize, Serialize};

use super::drawing::{Mark, Place};
use super::panel::{About, Corner, Panel, PanelCtx, WindowRequest};
use super::panels::PANELS;
use crate::text::t;

/// A tab: the id of a panel. Layouts are stored as these.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Pane(pub String);

/// The arrangement of the panels, which is stored, and the panels themselves.
pub struct Layout {
    tree: Tree<Pane>,
    panels: BTreeMap<&'static str, Box<dyn Panel>>,
    /// Where each panel was drawn last; a hidden one has none.
    rects: BTreeMap<&'static str, Rect>,
    focus: Focus,
}

/// Which panel is worked in.
#[derive(Debug, Default)]
struct Focus {
    present: Option<String>,
    /// It is to have the keyboard focus from the next frame on.
    is_wanted: bool,
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
        let known = |pane: &Pane| panels.contains_key(pane.0.as_str());
        let tree = stored.and_then(|tree| repaired(tree, known)).unwrap_or_else(usual);
        Self { tree, panels, rects: BTreeMap::new(), focus: Focus::default() }
    }

    /// The arrangement, to be stored.
    #[must_use]
    pub fn tree(&self) -> &Tree<Pane> {
        &self.tree
    }

    /// An arrangement as it was stored; one that cannot be drawn changes nothing.
    pub fn restore(&mut self, stored: &str) {
        let known = |pane: &Pane| self.panels.contains_key(pane.0.as_str());
        let tree = serde_json::from_str(stored).ok().and_then(|tree| repaired(tree, known));
        if let Some(tree) = tree {
            self.tree = tree;
        }
    }

    /// Back to the usual arrangement.
    pub fn reset(&mut self) {
        self.tree = usual();
    }

    /// Every panel: id, title, whether it is open.
    pub fn panels(&self) -> impl Iterator<Item = (&'static str, &'static str, bool)> {
        PANELS.iter().map(|make| {
            let panel = make();
            (panel.id(), panel.title(), self.tile_of(panel.id()).is_some())
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
        let Self { tree, panels, rects, focus } = self;
        rects.clear();
        tree.ui(&mut Draw { ctx, panels, rects, focus }, ui);
        if tree.is_empty() {
            ui.centered_and_justified(|ui| {
                ui.weak(t!("window-all-closed"));
            });
        }
    }

    /// Goes to the next panel on the screen, row by row, or to the one before.
    pub fn step_panel(&mut self, forwards: bool) {
        let mut drawn: Vec<(&str, Rect)> = self.rects.iter().map(|(id, rect)| (*id, *rect)).collect();
        drawn.sort_by(|a, b| a.1.top().total_cmp(&b.1.top()).then(a.1.left().total_cmp(&b.1.left())));
        let now = drawn.iter().position(|(id, _)| Some(*id) == self.focus.present.as_deref());
        let len = drawn.len();
        let next = match (now, forwards) {
            (None, _) => 0,
            (Some(now), true) => (now + 1) % len,
            (Some(now), false) => (now + len - 1) % len,
        };
        if let Some((id, _)) = drawn.get(next) {
            self.focus = Focus { present: Some((*id).to_owned()), is_wanted: true };
        }
    }

    /// Brings the next tab of the present panel's group to the front, or the one before.
    pub fn step_tab(&mut self, forwards: bool) {
        let present =
            self.focus.present.clone().or_else(|| self.rects.keys().next().map(|id| (*id).to_owned()));
        let Some(tile) = present.and_then(|id| self.tile_of(&id)) else { return };
        let group = self.tree.tiles.iter_mut().find_map(|(_, candidate)| match candidate {
            Tile::Container(Container::Tabs(tabs)) if tabs.children.contains(&tile) => Some(tabs),
            _ => None,
        });
        let Some(tabs) = group else { return };
        let now = tabs.children.iter().position(|&child| tabs.active == Some(child)).unwrap_or(0);
        let len = tabs.children.len();
        let next = tabs.children[if forwards { (now + 1) % len } else { (now + len - 1) % len }];
        tabs.set_active(next);
        if let Some(Tile::Pane(pane)) = self.tree.tiles.get(next) {
            self.focus = Focus { present: Some(pane.0.clone()), is_wanted: true };
        }
    }

    fn tile_of(&self, panel_id: &str) -> Option<TileId> {
        self.tree.tiles.find_pane(&Pane(panel_id.to_owned()))
    }

    /// Hangs a new tile into the first group of tabs, or makes it the root.
    fn adopt(&mut self, tile: TileId) {
        let groups = self.tree.tiles.iter().filter_map(|(id, candidate)| {
            matches!(candidate, Tile::Container(Container::Tabs(_))).then_some(*id)
        });
        // The oldest one: the order of the map is another in every process.
        let group = groups.min_by_key(|id| id.0);
        match group.or(self.tree.root) {
            Some(group) => {
                self.tree.move_tile_to_container(tile, group, usize::MAX, true);
            }
            None => self.tree.root = Some(self.tree.tiles.insert_tab_tile(vec![tile])),
        }
    }
}

/// A stored arrangement without what is not there any more; `None` where it hangs together in a way that cannot be drawn.
fn repaired(mut tree: Tree<Pane>, known: impl Fn(&Pane) -> bool) -> Option<Tree<Pane>> {
    let (mut open, mut seen, mut shown) = (vec![tree.root?], BTreeSet::new(), BTreeSet::new());
    let mut unwanted = Vec::new();
    while let Some(id) = open.pop() {
        // A tile that hangs in two places, or is not there at all: the tree is broken.
        if !seen.insert(id.0) {
            return None;
        }
        match tree.tiles.get(id)? {
            Tile::Container(container) => open.extend(container.children().copied()),
            Tile::Pane(pane) if known(pane) && shown.insert(pane.clone()) => {}
            Tile::Pane(_) => unwanted.push(id),
        }
    }
    for id in unwanted {
        tree.remove_recursively(id);
    }
    (!shown.is_empty()).then_some(tree)
}

/// The usual arrangement: two rows of two groups of tabs, each panel where it is at home.
fn usual() -> Tree<Pane> {
    let mut abouts: Vec<&About> = PANELS.iter().map(|make| make().about()).collect();
    abouts.sort_by_key(|about| about.home);
    let mut tiles = Tiles::default();
    let [upper_left, upper_right, lower_left, lower_right] = Corner::ALL.map(|corner| {
        let here = abouts.iter().filter(|about| about.home.corner == corner);
        let panes = here.map(|about| tiles.insert_pane(Pane(about.id.to_owned()))).collect();
        tiles.insert_tab_tile(panes)
    });
    let upper = tiles.insert_horizontal_tile(vec![upper_left, upper_right]);
    let lower = tiles.insert_horizontal_tile(vec![lower_left, lower_right]);
    let root = tiles.insert_vertical_tile(vec![upper, lower]);
    let mut tree = Tree::new(egui::Id::unique("panels"), root, tiles);
    for corner in Corner::ALL {
        let front = abouts.iter().find(|about| about.home.corner == corner);
        let tile = front.and_then(|about| tree.tiles.find_pane(&Pane(about.id.to_owned())));
        tree.make_active(|id, _| Some(id) == tile);
    }
    tree
}

/// What the menu of a tab has: pictures of its panel, which is asked for them when it is drawn.
fn picture_menu_ui(ctx: &PanelCtx<'_>, ui: &mut Ui, panel_id: &'static str) {
    let entries = [
        (t!("window-tab-save-png"), WindowRequest::SavePng { panel_id }),
        (t!("window-tab-save-svg"), WindowRequest::SaveSvg { panel_id, key: None }),
    ];
    for (text, request) in entries {
        if ui.button(text).clicked() {
            ctx.request(request);
            ui.close();
        }
    }
}

struct Draw<'a> {
    ctx: &'a PanelCtx<'a>,
    panels: &'a mut BTreeMap<&'static str, Box<dyn Panel>>,
    rects: &'a mut BTreeMap<&'static str, Rect>,
    focus: &'a mut Focus,
}

impl Draw<'_> {
    /// Makes the panel something that the keyboard can go to; what it holds comes next.
    fn focus_ui(&mut self, ui: &mut Ui, panel_id: &str, title: &str) {
        let rect = ui.max_rect();
        let id = ui.make_persistent_id(("panel", panel_id));
        let response = ui.interact(rect, id, Sense::focusable_noninteractive());
        response.widget_info(|| WidgetInfo::labeled(Role::Pane, true, t!("window-panel", title = title)));
        if ui.input(|input| input.pointer.any_pressed()) && response.contains_pointer() {
            self.focus.present = Some(panel_id.to_owned());
        }
        if self.focus.is_wanted && self.focus.present.as_deref() == Some(panel_id) {
            self.focus.is_wanted = false;
            response.request_focus();
        }
        if response.has_focus() {
            let stroke = Stroke::new(2.0, self.ctx.palette.accent);
            ui.painter().rect_stroke(rect, 2.0, stroke, StrokeKind::Inside);
        }
    }
}

impl Behavior<Pane> for Draw<'_> {
    fn pane_ui(&mut self, ui: &mut Ui, _: TileId, pane: &mut Pane) -> UiResponse {
        if let Some(title) = self.panels.get(pane.0.as_str()).map(|panel| panel.title()) {
            self.focus_ui(ui, &pane.0, title);
        }
        if let Some(panel) = self.panels.get_mut(pane.0.as_str()) {
            let (panel_id, rect) = (panel.id(), ui.max_rect());
            self.rects.insert(panel_id, rect);
            self.ctx.mark(Mark::here(ui, Place::Panel { panel_id, rect }));
            let frame = egui::Frame::new().fill(ui.visuals().panel_fill);
            frame.inner_margin(egui::Margin::same(8)).show(ui, |ui| {
                ui.push_id(panel.id(), |ui| panel.ui(self.ctx, ui));
                ui.allocate_space(ui.available_size());
            });
            self.ctx.mark(Mark::here(ui, Place::PanelEnd));
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
                Some(panel) => {
                    response.context_menu(|ui| picture_menu_ui(self.ctx, ui, panel.id()));
                    response.on_hover_text(panel.help())
                }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn open(layout: &Layout) -> Vec<&'static str> {
        layout.panels().filter(|(_, _, is_open)| *is_open).map(|(id, _, _)| id).collect()
    }

    #[test]
    fn every_panel_has_a_usual_place() {
        assert_eq!(open(&Layout::new(None)).len(), PANELS.len());
    }

    #[test]
    fn a_closed_panel_comes_back() {
        let mut layout = Layout::new(None);
        layout.close("usage");
        assert!(!open(&layout).contains(&"usage"));
        layout.show("usage");
        layout.show("usage");
        assert_eq!(open(&layout).len(), PANELS.len());
        for (id, _, _) in layout.panels().collect::<Vec<_>>() {
            layout.close(id);
        }
        assert!(open(&layout).is_empty());
        layout.show("error");
        assert_eq!(open(&layout), ["error"]);
    }

    #[test]
    fn stored_layouts_are_checked() {
        let pane = |id: &str| Pane(id.to_owned());
        let id = || egui::Id::unique("panels");
        let tree =
            Tree::new_tabs(id(), vec![pane("usage"), pane("no such panel"), pane("usage"), pane("ema")]);
        let mut shown = open(&Layout::new(Some(tree)));
        shown.sort_unstable();
        assert_eq!(shown, ["ema", "usage"], "what is unknown or there twice is left out");
        assert_eq!(
            open(&Layout::new(Some(Tree::new_tabs(id(), vec![pane("no such panel")])))).len(),
            PANELS.len()
        );
        let mut tiles = Tiles::default();
        let child = tiles.insert_pane(pane("usage"));
        let root = tiles.insert_horizontal_tile(vec![child, child]);
        assert_eq!(open(&Layout::new(Some(Tree::new(id(), root, tiles)))).len(), PANELS.len(), "broken");
        let stored = serde_json::to_value(Layout::new(None).tree()).unwrap();
        let tree: Tree<Pane> = serde_json::from_value(stored).unwrap();
        assert_eq!(tree, *Layout::new(None).tree());
    }
}
