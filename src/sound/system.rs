//! The system's own output: WASAPI on Windows, CoreAudio on macOS and, where the feature `alsa` asks for it, ALSA on Linux.
//!
//! The system calls for samples on a thread that must not wait for long: a queue lies between, and what was taken out of it is wanted again.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cpal::traits::{DeviceTrait, HostTrait, StreamTrait};
use cpal::{ErrorKind, FromSample, OutputCallbackInfo, SampleFormat, SizedSample, StreamConfig};

use super::device::Device;
use super::{Message, SoundError};
use crate::text::{Message as Words, Phrase, msg, phrase};

/// What waits in the queue, in seconds: a switch of takes is heard after this, and no less is safe on a busy machine.
const QUEUE_SECS: f64 = 0.08;

/// Channels that are heard; of more, the others are silent.
const CHANNELS_HEARD: usize = 2;

/// The output that the system names as the usual one, in its usual form.
pub(super) struct Output {
    /// It runs from the start to the end, and is silent while it is held.
    _stream: cpal::Stream,
    queue: Arc<Queue>,
    rate_hz: u32,
    inbox: Sender<Message>,
}

/// What lies between the player's thread and the system's.
#[derive(Default)]
struct Queue {
    samples: Mutex<VecDeque<f32>>,
    runs: AtomicBool,
    /// Samples that were taken out and are not heard yet, as the system reckons.
    on_their_way: AtomicU64,
}

/// What the system calls when it needs samples.
struct Filler {
    queue: Arc<Queue>,
    inbox: Sender<Message>,
    channels: usize,
    rate_hz: u32,
    /// Samples that the queue has room for.
    room: usize,
}

impl Output {
    /// Opens it and lets it run, silent. What it wants from then on goes to `inbox`.
    pub(super) fn open(inbox: Sender<Message>) -> Result<Self, SoundError> {
        let device = cpal::default_host().default_output_device().ok_or(SoundError::NoDevice)?;
        let usual =
            device.default_output_config().map_err(|err| failed(phrase!("err-device-unusable"), &err))?;
        let (config, format) = (usual.config(), usual.sample_format());
        let (rate_hz, queue) = (config.sample_rate, Arc::new(Queue::default()));
        let room = ((f64::from(rate_hz) * QUEUE_SECS) as usize).max(1);
        let filler = Filler {
            queue: queue.clone(),
            inbox: inbox.clone(),
            channels: usize::from(config.channels).max(1),
            rate_hz,
            room,
        };
        let stream = match format {
            SampleFormat::F32 => stream::<f32>(&device, config, filler),
            SampleFormat::F64 => stream::<f64>(&device, config, filler),
            SampleFormat::I16 => stream::<i16>(&device, config, filler),
            SampleFormat::I32 => stream::<i32>(&device, config, filler),
            SampleFormat::U16 => stream::<u16>(&device, config, filler),
            SampleFormat::U8 => stream::<u8>(&device, config, filler),
            other => {
                return Err(SoundError::Device {
                    what: phrase!("err-device-unusable"),
                    why: msg!("err-device-format", format = other.to_string()),
                });
            }
        };
        let stream = stream.map_err(|err| failed(phrase!("err-device-closed"), &err))?;
        stream.play().map_err(|err| failed(phrase!("err-device-stuck"), &err))?;
        // Whoever listens has gone where this fails.
        let _ = inbox.send(Message::Wanted(room));
        Ok(Self { _stream: stream, queue, rate_hz, inbox })
    }
}

impl Device for Output {
    fn rate_hz(&self) -> u32 {
        self.rate_hz
    }

    fn hold(&mut self, is_held: bool) -> Result<(), SoundError> {
        self.queue.runs.store(!is_held, Ordering::SeqCst);
        Ok(())
    }

    fn flush(&mut self) -> Result<(), SoundError> {
        let dropped = std::mem::take(&mut *self.queue.samples()).len();
        let _ = self.inbox.send(Message::Wanted(dropped));
        Ok(())
    }

    fn write(&mut self, samples: &[f32]) -> Result<(), SoundError> {
        self.queue.samples().extend(samples);
        Ok(())
    }

    fn ask_place(&mut self) -> Result<(), SoundError> {
        let waiting = self.queue.samples().len() as u64 + self.queue.on_their_way.load(Ordering::Relaxed);
        let _ = self.inbox.send(Message::Heard { waiting });
        Ok(())
    }
}

impl Queue {
    fn samples(&self) -> MutexGuard<'_, VecDeque<f32>> {
        self.samples.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands out samples to the first channels of each frame of `data`, and silence where it is held or has none; how many there were.
    fn take<T: SizedSample + FromSample<f32>>(&self, data: &mut [T], channels: usize) -> usize {
        let runs = self.runs.load(Ordering::SeqCst);
        let (mut samples, mut taken) = (self.samples(), 0);
        for frame in data.chunks_mut(channels) {
            let next = if runs { samples.pop_front() } else { None };
            taken += usize::from(next.is_some());
            for (channel, out) in frame.iter_mut().enumerate() {
                *out = T::from_sample(next.filter(|_| channel < CHANNELS_HEARD).unwrap_or(0.0));
            }
        }
        taken
    }
}

impl Filler {
    /// Fills what the system plays next: `data` is frame by frame, a sample for each channel.
    fn fill<T: SizedSample + FromSample<f32>>(&mut self, data: &mut [T], delay_secs: f64) {
        let frames = data.len() / self.channels;
        let taken = self.queue.take(data, self.channels);
        let on_their_way = (delay_secs * f64::from(self.rate_hz)) as u64;
        self.queue.on_their_way.store(on_their_way, Ordering::Relaxed);
        // A system that asks for much at once needs as much to wait for it, twice over.
        let more = (2 * frames).saturating_sub(self.room);
        self.room += more;
        if taken + more > 0 {
            let _ = self.inbox.send(Message::Wanted(taken + more));
        }
    }
}

fn stream<T: SizedSample + FromSample<f32>>(
    device: &cpal::Device,
    config: StreamConfig,
    mut filler: Filler,
) -> Result<cpal::Stream, cpal::Error> {
    let inbox = filler.inbox.clone();
    let fill = move |data: &mut [T], info: &OutputCallbackInfo| {
        let times = info.timestamp();
        let delay = times.playback.checked_duration_since(times.callback).unwrap_or_default();
        filler.fill(data, delay.as_secs_f64());
    };
    let fail = move |err: cpal::Error| match err.kind() {
        // It plays on: late, on another device, or without the precedence that it asked for.
        ErrorKind::Xrun | ErrorKind::DeviceChanged | ErrorKind::RealtimeDenied => {}
        _ => drop(inbox.send(Message::Lost(failed(phrase!("err-device-gone"), &err)))),
    };
    device.build_output_stream(config, fill, fail, None)
}

fn failed(what: Phrase, err: &cpal::Error) -> SoundError {
    SoundError::Device { what, why: Words::verbatim(err.to_string()) }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn samples_go_to_two_channels_in_order_and_silence_stands_in_for_what_is_missing() {
        let (inbox, messages) = channel();
        let queue = Arc::new(Queue::default());
        let mut filler = Filler { queue: queue.clone(), inbox, channels: 3, rate_hz: 1000, room: 8 };
        queue.samples().extend([0.5, -0.25, 1.0]);
        let mut data = [9.0f32; 6];
        filler.fill(&mut data, 0.0);
        assert_eq!(data, [0.0; 6], "it is held at first");
        queue.runs.store(true, Ordering::SeqCst);
        filler.fill(&mut data, 0.02);
        assert_eq!(data, [0.5, 0.5, 0.0, -0.25, -0.25, 0.0]);
        assert_eq!(queue.on_their_way.load(Ordering::Relaxed), 20);
        let mut data = [9i16; 6];
        filler.fill(&mut data, 0.0);
        assert_eq!(data, [i16::MAX, i16::MAX, 0, 0, 0, 0]);
        // Ten frames at once are more than the queue holds.
        filler.fill(&mut [0.0f32; 30], 0.0);
        let wanted: Vec<usize> = messages
            .try_iter()
            .map(|message| match message {
                Message::Wanted(samples) => samples,
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(wanted, [2, 1, 12], "what was taken is wanted again, and room for twice ten");
    }
}
