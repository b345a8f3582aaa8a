//! The thread that makes tiles and looks at single frames, so that the window never does.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use egui::ColorImage;

use super::maker::Maker;
use crate::app::memo::ByPtr;
use crate::jobs::{Dataset, Tokens};
use crate::metrics::timeline::{Nearby, Tile};
use crate::rvq::Rvq;

/// Requests that wait or are under way at the most: what is no longer looked at does not hold up what is, and no frame of the window takes in more
/// tiles than these.
const MOST_UNDER_WAY: usize = 4;

/// What tiles are made of.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Source {
    /// The codes.
    pub tokens: Option<ByPtr<Tokens>>,
    /// The frames.
    pub dataset: Option<ByPtr<Dataset>>,
    /// The quantizer that made these codes of these frames.
    pub rvq: Option<ByPtr<Rvq>>,
}

/// What a tile shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Content {
    /// How long frames are: the root of the mean of their squared norms.
    Norms,
    /// The values of frames.
    Features,
    /// The code that most frames of a bin chose in each layer.
    Codes,
    /// The mean squared error behind each layer.
    Error,
    /// The mean margin of the code of each layer.
    Margin,
}

/// A tile as it is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    /// What it shows.
    pub content: Content,
    /// Of which frames.
    pub tile: Tile,
    /// In the colours of which theme.
    pub is_dark: bool,
}

/// What the thread is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Request {
    /// A tile.
    Tile(Key),
    /// What is to be known of one frame.
    Frame(usize),
}

/// What is known of one frame besides its codes.
#[derive(Debug)]
pub struct FrameLook {
    /// The frame.
    pub frame: usize,
    /// `||x - q_1..l||²` behind each layer.
    pub sq_errors: Vec<f64>,
    /// Its codes and those that came next, `(num_layers, 1)`.
    pub nearby: Nearby,
}

/// What the thread answers; nothing where it cannot be had.
#[derive(Debug)]
pub enum Reply {
    /// A tile.
    Tile(Key, Option<ColorImage>),
    /// A frame.
    Frame(usize, Option<FrameLook>),
}

impl Reply {
    fn request(&self) -> Request {
        match self {
            Self::Tile(key, _) => Request::Tile(*key),
            Self::Frame(frame, _) => Request::Frame(*frame),
        }
    }
}

/// A thread that works for one source. It ends when this is dropped.
#[derive(Debug)]
pub struct Worker {
    requests: SyncSender<Request>,
    replies: Receiver<Reply>,
    under_way: Vec<Request>,
}

impl Worker {
    /// Starts it; every answer has the window drawn again.
    #[must_use]
    pub fn new(source: Source, window: egui::Context) -> Self {
        let (requests, theirs) = sync_channel(MOST_UNDER_WAY);
        let (answers, replies) = sync_channel(MOST_UNDER_WAY);
        let started = std::thread::Builder::new().name("rvq-time".to_owned()).spawn(move || {
            let mut maker = Maker::new(source);
            for request in theirs {
                let reply = match request {
                    Request::Tile(key) => Reply::Tile(key, maker.tile(key)),
                    Request::Frame(frame) => Reply::Frame(frame, maker.look(frame)),
                };
                if answers.send(reply).is_err() {
                    return;
                }
                window.request_repaint();
            }
        });
        // Without a thread there are no tiles, and nothing else is missing.
        drop(started);
        Self { requests, replies, under_way: Vec::new() }
    }

    /// Asks for something, unless it was asked for or enough is under way.
    pub fn ask(&mut self, request: Request) {
        let can = self.under_way.len() < MOST_UNDER_WAY && !self.under_way.contains(&request);
        if can && self.requests.try_send(request).is_ok() {
            self.under_way.push(request);
        }
    }

    /// What was answered since the last call.
    pub fn news(&mut self) -> Vec<Reply> {
        let news: Vec<Reply> = self.replies.try_iter().collect();
        for reply in &news {
            let request = reply.request();
            self.under_way.retain(|asked| *asked != request);
        }
        news
    }
}

impl Source {
    /// The codes, without the wrapping.
    #[must_use]
    pub fn codes(&self) -> Option<&Arc<Tokens>> {
        self.tokens.as_ref().map(|tokens| &tokens.0)
    }
}
