//! The thread that makes tiles and looks at single frames, so that the window never does.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use egui::ColorImage;

use super::content::{FrameLook, Key, Source};
use super::maker::Maker;

/// Requests that wait or are under way at the most: what is no longer looked at does not hold up what is, and no frame of the window takes in more
/// tiles than these.
const MOST_UNDER_WAY: usize = 4;

/// What the thread is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Request {
    /// A tile.
    Tile(Key),
    /// What is to be known of one frame.
    Frame(usize),
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
