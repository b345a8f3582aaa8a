//! Checkpoints of a gigabyte, of which a quantizer is a small part: how many bytes of them are read.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};

use rvqscope::rvq::Rvq;
use rvqscope::watch::{Watch, WatchSpec};
use tempfile::TempDir;

use super::*;

/// What the rest of the model takes; a hole in the file.
const REST: u64 = 1 << 30;

/// Four layers of 512 codes: 2 MB of rows and sums.
fn quantizer_of_some_size() -> Rvq {
    Rvq::new((0..4).map(|nth| layer(noise(nth, 512, 64), 32.0).into()).collect()).unwrap()
}

/// Puts `bytes` at `offset`.
fn put(file: &mut File, offset: u64, bytes: &[u8]) {
    file.seek(SeekFrom::Start(offset)).unwrap();
    file.write_all(bytes).unwrap();
}

/// A `.safetensors` of the quantizer behind one huge tensor.
fn write_safetensors(path: &Path, rvq: &Rvq) {
    let whole = bytes("m.safetensors", rvq, 7);
    let header_len = u64::from_le_bytes(whole[..8].try_into().unwrap()) as usize;
    let mut header: serde_json::Value = serde_json::from_slice(&whole[8..8 + header_len]).unwrap();
    for (_, tensor) in header.as_object_mut().unwrap().iter_mut().filter(|(name, _)| *name != "__metadata__")
    {
        for offset in tensor["data_offsets"].as_array_mut().unwrap() {
            *offset = (offset.as_u64().unwrap() + REST).into();
        }
    }
    header["decoder.weight"] =
        serde_json::json!({"dtype": "F32", "shape": [REST / 4], "data_offsets": [0, REST]});
    let header = header.to_string();
    let mut file = File::create(path).unwrap();
    put(&mut file, 0, &(header.len() as u64).to_le_bytes());
    put(&mut file, 8, header.as_bytes());
    put(&mut file, 8 + header.len() as u64 + REST, &whole[8 + header_len..]);
}

/// A `.pth` of the quantizer with one huge entry more in its archive, in front of the directory.
fn write_pth(path: &Path, rvq: &Rvq) {
    let whole = bytes("m.pth", rvq, 7);
    let end = whole.windows(4).rposition(|bytes| bytes == b"PK\x05\x06").unwrap();
    let number = |at: usize| u32::from_le_bytes(whole[at..at + 4].try_into().unwrap()) as usize;
    let (len, start, count) =
        (number(end + 12), number(end + 16), u16::from_le_bytes([whole[end + 10], whole[end + 11]]));
    let (name, size) = (b"archive/data/99999", (REST as u32).to_le_bytes());
    let mut local = b"PK\x03\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0".to_vec();
    local.extend([size, size].concat());
    local.extend([name.len() as u8, 0, 0, 0]);
    local.extend(name);
    let mut central = b"PK\x01\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0".to_vec();
    central.extend([size, size].concat());
    central.extend([name.len() as u8, 0]);
    central.extend([0; 12]);
    central.extend((start as u32).to_le_bytes());
    central.extend(name);
    let directory = start as u64 + local.len() as u64 + REST;
    let mut record = whole[end..end + 22].to_vec();
    let count = (count + 1).to_le_bytes();
    record[8..10].copy_from_slice(&count);
    record[10..12].copy_from_slice(&count);
    record[12..16].copy_from_slice(&((len + central.len()) as u32).to_le_bytes());
    record[16..20].copy_from_slice(&(directory as u32).to_le_bytes());
    let mut file = File::create(path).unwrap();
    put(&mut file, 0, &whole[..start]);
    put(&mut file, start as u64, &local);
    put(&mut file, directory, &[&whole[start..start + len], &central, &record].concat());
}

/// How many bytes this thread has read by now, as the system counts them.
#[cfg(target_os = "linux")]
fn bytes_read() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/thread-self/io").ok()?;
    text.lines().find_map(|line| line.strip_prefix("rchar: ")?.parse().ok())
}

#[cfg(not(target_os = "linux"))]
fn bytes_read() -> Option<u64> {
    None
}

#[test]
fn of_a_gigabyte_the_quantizer_alone_is_read() {
    let folder = TempDir::new().unwrap();
    let rvq = quantizer_of_some_size();
    for (name, write) in
        [("G_7.safetensors", write_safetensors as fn(&Path, &Rvq)), ("G_8.pth", write_pth as fn(&Path, &Rvq))]
    {
        let path = folder.path().join(name);
        write(&path, &rvq);
        assert!(std::fs::metadata(&path).unwrap().len() > REST);
        age(&path, 5000);
        let mut watch = Watch::new(WatchSpec { probe: None, ..spec(folder.path()) }).unwrap();
        let before = bytes_read();
        let (cost, events) = counting::cost(|| go_through(&mut watch));
        let read = bytes_read().zip(before).map(|(after, before)| after - before);
        assert_eq!((steps(&watch).len(), watch.work().read), (1, 1), "{name}: {events:?}");
        assert_eq!(watch.series().points()[0].quantizer, rvqscope::watch::Digest::of_quantizer(&rvq));
        // Each stored number once, and once for its checksum; the directory, and what tells whether the file has changed.
        let stored = 4 * rvq
            .layers()
            .iter()
            .map(|l| l.codebook.num_codes() * (2 * l.codebook.dim() + 1))
            .sum::<usize>();
        if let Some(read) = read {
            let most = 2 * stored as u64 + (1 << 20);
            assert!(
                read >= stored as u64 && read < most,
                "{name}: {read} bytes of {stored} were read, of {most} at most"
            );
        }
        assert!(cost < 64 << 20, "{name}: {cost} bytes at once");
        std::fs::remove_file(path).unwrap();
    }
}
