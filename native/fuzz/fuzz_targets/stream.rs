//! Packets and events: the first byte says how the rest is cut; whole and cut must read the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rowcast_core::reader::EventReader;

fn read(stream: &[u8], step: usize) -> (Vec<String>, Option<String>) {
    let mut reader = EventReader::new();
    let mut events = Vec::new();
    for chunk in stream.chunks(step.max(1)) {
        reader.push(chunk);
        loop {
            match reader.next_event() {
                Ok(Some(found)) => events.push(format!("{found:?}")),
                Ok(None) => break,
                Err(error) => return (events, Some(error.to_string())),
            }
        }
    }
    (events, None)
}

fuzz_target!(|data: &[u8]| {
    let Some((step, stream)) = data.split_first() else { return };
    assert_eq!(read(stream, usize::from(*step)), read(stream, stream.len()));
});
