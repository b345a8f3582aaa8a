//! What a panel is: it reads the session and asks for things; it never changes anything itself.

use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::session::{Command, DataId, Session};
use crate::text::Phrase;

use super::drawing::Mark;
use super::theme::Palette;

/// What is known of a panel before it is drawn.
#[derive(Debug)]
pub struct About {
    /// The name under which layouts are stored; never changed.
    pub id: &'static str,
    /// The name on its tab.
    pub title: Phrase,
    /// What it shows and what to look for, for the tab's tooltip.
    pub help: Phrase,
    /// Where it usually lies.
    pub home: Home,
}

/// Where a panel lies in the usual layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Home {
    /// In which group of tabs.
    pub corner: Corner,
    /// Its place among them, from the left; the first is in front.
    pub place: u8,
}

/// The groups of tabs of the usual layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Corner {
    UpperLeft,
    UpperRight,
    LowerLeft,
    LowerRight,
}

impl Corner {
    /// Every group, as they are read.
    pub const ALL: [Self; 4] = [Self::UpperLeft, Self::UpperRight, Self::LowerLeft, Self::LowerRight];
}

/// One kind of panel. A new one is a file in `panels/` and a row in [`super::panels::PANELS`].
pub trait Panel {
    /// What is known of it before it is drawn.
    fn about(&self) -> &'static About;

    /// The name under which layouts are stored.
    fn id(&self) -> &'static str {
        self.about().id
    }

    /// The name on its tab.
    fn title(&self) -> &'static str {
        self.about().title.text()
    }

    /// What it shows and what to look for.
    fn help(&self) -> &'static str {
        self.about().help.text()
    }

    /// Draws it. All plot data come out of memos that are filled once a revision.
    fn ui(&mut self, ctx: &PanelCtx<'_>, ui: &mut egui::Ui);
}

/// What the window itself is asked to do.
#[derive(Debug, Clone, PartialEq)]
pub enum WindowRequest {
    /// Save a plot's data: a suggested file name and the CSV.
    SaveCsv {
        /// A file name without a folder.
        file_name: String,
        /// The file's text.
        csv: String,
    },
    /// Save a picture of a panel, which is named by its id.
    SavePng {
        /// The panel's id.
        panel_id: &'static str,
    },
    /// Save a drawing of a panel, or of a part of it, as it is shown in this frame.
    SaveSvg {
        /// The panel's id.
        panel_id: &'static str,
        /// The part with this key, from its title on; the whole panel without.
        key: Option<&'static str>,
    },
    /// Bring a panel to the front, opening it where it is closed.
    ShowPanel(&'static str),
    /// Go to the next panel on the screen, or to the one before.
    StepPanel {
        /// To the next one.
        forwards: bool,
    },
    /// Bring the next tab of the present panel's group to the front, or the one before.
    StepTab {
        /// The next one.
        forwards: bool,
    },
    /// Ask for files to open.
    AskOpen,
    /// Ask where data are now.
    Locate(DataId),
    /// Ask where to save the quantizer of the shown run.
    AskSaveModel,
    /// Ask where to save what is heard.
    AskSound,
}

/// What was asked for while drawing, to be done when drawing is over.
#[derive(Debug, Default)]
pub struct Outbox {
    /// For the session.
    pub commands: Vec<Command>,
    /// For the window.
    pub requests: Vec<WindowRequest>,
    /// Where the main buttons were drawn.
    pub spots: BTreeMap<&'static str, egui::Rect>,
    /// Where the shapes of panels and of their parts begin.
    pub marks: Vec<Mark>,
}

/// What a panel sees.
#[derive(Clone, Copy)]
pub struct PanelCtx<'a> {
    /// The state, read only.
    pub session: &'a Session,
    /// Colours of the present theme.
    pub palette: &'a Palette,
    outbox: &'a RefCell<Outbox>,
}

impl<'a> PanelCtx<'a> {
    /// The context for one pass of drawing.
    pub fn new(session: &'a Session, palette: &'a Palette, outbox: &'a RefCell<Outbox>) -> Self {
        Self { session, palette, outbox }
    }

    /// Asks the session for something.
    pub fn send(&self, command: impl Into<Command>) {
        self.outbox.borrow_mut().commands.push(command.into());
    }

    /// Notes where a main button lies.
    pub fn spot(&self, name: &'static str, rect: egui::Rect) {
        self.outbox.borrow_mut().spots.insert(name, rect);
    }

    /// Notes where shapes begin, for drawings.
    pub fn mark(&self, mark: Mark) {
        self.outbox.borrow_mut().marks.push(mark);
    }

    /// Asks the window for something.
    pub fn request(&self, request: WindowRequest) {
        self.outbox.borrow_mut().requests.push(request);
    }
}
