//! The player's thread: takes in what the user and the device want, and keeps the device supplied.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::Duration;

use super::deck::{Deck, Run};
use super::device::Device;
use super::outlet;
use super::rates::Rates;
use super::{Message, Server, Shared, SoundError, Status, Takes};

/// How often the place is asked for while it plays.
const PLACE_EVERY: Duration = Duration::from_millis(20);

/// Plays until the player is dropped.
pub(super) fn run(
    takes: Takes,
    server: &Server,
    shared: &Shared,
    messages: &Receiver<Message>,
    inbox: Sender<Message>,
) -> Result<(), SoundError> {
    let device = outlet::open(server, takes.sample_rate_hz(), inbox)?;
    let mut rates = Rates::new(takes.sample_rate_hz(), device.rate_hz());
    let deck = Deck::new(rates.convert(&takes)?);
    shared.tell(Status::Silent);
    let mut playing = Playing {
        shared,
        device,
        rates,
        deck,
        is_on: false,
        wanted: 0,
        written: 0,
        runs: VecDeque::new(),
        asked: None,
    };
    loop {
        let message = if playing.is_on {
            match messages.recv_timeout(PLACE_EVERY) {
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
                message => message.ok(),
            }
        } else {
            match messages.recv() {
                Err(_) => return Ok(()),
                message => message.ok(),
            }
        };
        match message {
            Some(Message::Close) => return Ok(()),
            Some(Message::Lost(err)) => return Err(err),
            Some(message) => playing.take_in(message)?,
            None => playing.ask_place()?,
        }
    }
}

/// A stream with what has been sent into it.
struct Playing<'a> {
    shared: &'a Shared,
    device: Box<dyn Device>,
    /// From samples of the takes to those of the device, and back. All that is counted here is the device's.
    rates: Rates,
    deck: Deck,
    is_on: bool,
    /// Samples that the device takes.
    wanted: usize,
    /// Samples that were sent, all told.
    written: u64,
    /// What was sent and has not been heard, each run with the count of samples that were sent before it.
    runs: VecDeque<(u64, Run)>,
    /// The samples that had been sent when the place was asked for and not told yet.
    asked: Option<u64>,
}

impl Playing<'_> {
    fn take_in(&mut self, message: Message) -> Result<(), SoundError> {
        match message {
            Message::Play { take, stretch, looping } => {
                self.device.flush()?;
                self.runs.clear();
                self.deck.play(take, self.rates.there(&stretch), looping);
                self.is_on = true;
                self.supply()?;
                self.device.hold(false)?;
                self.shared.tell(Status::Playing);
                self.shared.asked.fetch_sub(1, Ordering::SeqCst);
            }
            Message::Stop => self.stop()?,
            Message::Switch(take) => self.deck.switch(take),
            Message::Loop(looping) => self.deck.set_looping(looping),
            Message::Renew(takes) => self.deck.renew(self.rates.convert(&takes)?),
            Message::Wanted(samples) => {
                self.wanted += samples;
                self.supply()?;
                self.ask_place()?;
            }
            Message::Heard { waiting } => self.heard(waiting)?,
            Message::Close | Message::Lost(_) => {}
        }
        Ok(())
    }

    fn stop(&mut self) -> Result<(), SoundError> {
        if self.is_on {
            self.is_on = false;
            self.device.hold(true)?;
            self.device.flush()?;
            self.runs.clear();
        }
        self.shared.place(None);
        self.shared.tell(Status::Silent);
        Ok(())
    }

    /// Sends what the device takes; behind the end of the stretch that is silence, until all before it has been heard.
    fn supply(&mut self) -> Result<(), SoundError> {
        if !self.is_on || self.wanted == 0 {
            return Ok(());
        }
        let mut samples = Vec::with_capacity(self.wanted);
        while samples.len() < self.wanted {
            let run = self.deck.next(self.wanted - samples.len(), &mut samples);
            self.runs.push_back((self.written, run));
            self.written += run.len() as u64;
        }
        self.wanted = 0;
        self.device.write(&samples)
    }

    fn ask_place(&mut self) -> Result<(), SoundError> {
        if self.is_on && self.asked.is_none() {
            self.device.ask_place()?;
            self.asked = Some(self.written);
        }
        Ok(())
    }

    /// Works out which sample is heard: of those that had been sent, all but those that wait in the device or on their way out of it.
    fn heard(&mut self, waiting: u64) -> Result<(), SoundError> {
        let Some(asked) = self.asked.take().filter(|_| self.is_on) else { return Ok(()) };
        let heard = asked.saturating_sub(waiting);
        while self.runs.front().is_some_and(|(first, run)| first + run.len() as u64 <= heard) {
            self.runs.pop_front();
        }
        match self.runs.front() {
            Some((first, Run::Sound { position, .. })) => {
                let into = usize::try_from(heard.saturating_sub(*first)).unwrap_or(0);
                self.shared.place(Some(self.rates.back(position + into)));
            }
            Some((first, Run::Silence { .. })) if *first <= heard => self.stop()?,
            // What was played before is still on its way out, or nothing is.
            _ => {}
        }
        Ok(())
    }
}
