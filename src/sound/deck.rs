//! What is played next: a stretch of one of several takes, once or again and again.

use std::ops::Range;

use super::Takes;

/// The time over which one take gives way to another, in seconds: long enough not to click.
const FADE_SECS: f64 = 0.005;

/// Takes with a place in them.
#[derive(Debug)]
pub(super) struct Deck {
    takes: Takes,
    take: usize,
    /// The take that is left, and the samples until it is silent.
    leaving: Option<(usize, usize)>,
    stretch: Range<usize>,
    position: usize,
    looping: bool,
}

/// Samples that were handed out one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Run {
    /// Of the stretch, the first at this place.
    Sound { position: usize, len: usize },
    /// Nothing, behind its end.
    Silence { len: usize },
}

impl Run {
    pub(super) fn len(self) -> usize {
        match self {
            Self::Sound { len, .. } | Self::Silence { len } => len,
        }
    }
}

impl Deck {
    pub(super) fn new(takes: Takes) -> Self {
        Self { takes, take: 0, leaving: None, stretch: 0..0, position: 0, looping: false }
    }

    /// Puts the place at the start of `stretch`, as far as the takes go.
    pub(super) fn play(&mut self, take: usize, stretch: Range<usize>, looping: bool) {
        let len = self.takes.num_samples();
        let start = stretch.start.min(len);
        *self = Self {
            takes: self.takes.clone(),
            take: take.min(self.takes.count() - 1),
            leaving: None,
            stretch: start..stretch.end.clamp(start, len),
            position: start,
            looping,
        };
    }

    /// Goes on with another take.
    pub(super) fn switch(&mut self, take: usize) {
        let take = take.min(self.takes.count() - 1);
        if take != self.take {
            self.leaving = Some((self.take, self.fade_len()));
            self.take = take;
        }
    }

    /// Goes on with these takes, which are the ones that it has and more.
    pub(super) fn renew(&mut self, takes: Takes) {
        let shape = |takes: &Takes| (takes.num_samples(), takes.sample_rate_hz);
        if takes.count() >= self.takes.count() && shape(&takes) == shape(&self.takes) {
            self.takes = takes;
        }
    }

    pub(super) fn set_looping(&mut self, looping: bool) {
        self.looping = looping;
    }

    /// Adds the next `most` samples or fewer to `out`; one run, at least one sample where `most` is.
    pub(super) fn next(&mut self, most: usize, out: &mut Vec<f32>) -> Run {
        if self.position >= self.stretch.end && self.looping {
            self.position = self.stretch.start;
        }
        let len = most.min(self.stretch.end.saturating_sub(self.position));
        if len == 0 {
            out.resize(out.len() + most, 0.0);
            return Run::Silence { len: most };
        }
        let position = self.position;
        for at in position..position + len {
            out.push(self.sample(at));
        }
        self.position += len;
        Run::Sound { position, len }
    }

    /// The sample at `at`, with what is left of the take that gives way.
    fn sample(&mut self, at: usize) -> f32 {
        let of =
            |take: usize| self.takes.takes.get(take).and_then(|take| take.get(at)).copied().unwrap_or(0.0);
        let current = of(self.take);
        let Some((leaving, left)) = self.leaving else { return current };
        let share = left as f32 / self.fade_len() as f32;
        let mixed = share * of(leaving) + (1.0 - share) * current;
        self.leaving = (left > 1).then_some((leaving, left - 1));
        mixed
    }

    fn fade_len(&self) -> usize {
        ((FADE_SECS * f64::from(self.takes.sample_rate_hz)) as usize).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two takes of 1000 samples at 1000 Hz: 0, 1, 2, and 10 000 more.
    fn deck() -> Deck {
        let low = (0..1000).map(|n| n as f32).collect();
        let high = (0..1000).map(|n| 10_000.0 + n as f32).collect();
        Deck::new(Takes::new(vec![low, high], 1000).unwrap())
    }

    fn take_all(deck: &mut Deck, most: usize, runs: usize) -> (Vec<f32>, Vec<Run>) {
        let mut out = Vec::new();
        let runs = (0..runs).map(|_| deck.next(most, &mut out)).collect();
        (out, runs)
    }

    #[test]
    fn a_stretch_is_played_once_and_silence_follows() {
        let mut deck = deck();
        deck.play(0, 10..35, false);
        let (out, runs) = take_all(&mut deck, 10, 4);
        assert_eq!(out[..25], (10..35).map(|n| n as f32).collect::<Vec<_>>());
        let sound = |position, len| Run::Sound { position, len };
        assert_eq!(runs, [sound(10, 10), sound(20, 10), sound(30, 5), Run::Silence { len: 10 }]);
        assert_eq!(out[25..], [0.0; 10]);
    }

    #[test]
    fn a_loop_begins_again_without_a_gap_until_it_is_let_go() {
        let mut deck = deck();
        deck.play(1, 995..4000, true);
        let (out, _) = take_all(&mut deck, 3, 5);
        assert_eq!(
            out,
            [995, 996, 997, 998, 999, 995, 996, 997, 998, 999, 995, 996, 997].map(|n| 10_000.0 + n as f32)
        );
        deck.set_looping(false);
        assert_eq!(
            take_all(&mut deck, 9, 2).1,
            [Run::Sound { position: 998, len: 2 }, Run::Silence { len: 9 }]
        );
    }

    #[test]
    fn another_take_goes_on_at_the_same_place_after_a_short_fade() {
        let mut deck = deck();
        deck.play(0, 0..1000, false);
        take_all(&mut deck, 100, 1);
        deck.switch(1);
        let (out, runs) = take_all(&mut deck, 20, 1);
        assert_eq!(runs, [Run::Sound { position: 100, len: 20 }]);
        assert_eq!(out[0], 100.0, "the fade begins with the old take");
        assert!(out[..6].windows(2).all(|pair| pair[1] > pair[0]));
        assert_eq!(out[5..], (105..120).map(|n| 10_000.0 + n as f32).collect::<Vec<_>>());
        deck.switch(7);
        assert_eq!(deck.take, 1, "the last there is");
    }

    #[test]
    fn takes_that_come_later_are_switched_to_in_their_place() {
        let low: std::sync::Arc<[f32]> = (0..1000).map(|n| n as f32).collect();
        let more = |shift: f32| low.iter().map(|v| v + shift).collect();
        let mut deck = Deck::new(Takes::new(vec![low.clone()], 1000).unwrap());
        deck.play(0, 0..1000, false);
        take_all(&mut deck, 100, 1);
        deck.switch(1);
        assert_eq!(take_all(&mut deck, 2, 1).0, [100.0, 101.0], "it is not there yet");
        deck.renew(Takes::new(vec![low.clone(), more(10_000.0)], 1000).unwrap());
        assert_eq!(take_all(&mut deck, 2, 1).0, [102.0, 103.0], "and is not heard before it is asked for");
        deck.switch(1);
        assert_eq!(take_all(&mut deck, 20, 1).0[10..12], [10_114.0, 10_115.0]);
        // Another sound, and fewer takes, are passed over.
        deck.renew(Takes::new(vec![vec![0.0].into(); 3], 1000).unwrap());
        deck.renew(Takes::new(vec![low.clone(); 2], 8000).unwrap());
        deck.renew(Takes::new(vec![low.clone()], 1000).unwrap());
        assert_eq!(take_all(&mut deck, 2, 1).0, [10_124.0, 10_125.0]);
    }

    #[test]
    fn stretches_beyond_the_takes_are_cut_and_empty_ones_are_silent() {
        let mut deck = deck();
        for (stretch, len) in [(990..2000, 10), (2000..3000, 0), (50..50, 0)] {
            deck.play(0, stretch, len == 0);
            let (out, _) = take_all(&mut deck, 16, 2);
            assert_eq!(out.iter().filter(|v| **v > 0.0).count(), len);
        }
        let takes =
            |lens: &[usize]| Takes::new(lens.iter().map(|&len| vec![0.0; len].into()).collect(), 8000);
        assert!(
            takes(&[]).is_err() && takes(&[0]).is_err() && takes(&[3, 4]).is_err() && takes(&[3, 3]).is_ok()
        );
        assert!(Takes::new(vec![vec![0.0].into()], 0).is_err());
    }
}
