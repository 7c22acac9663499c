//! What is packed is there again, byte for byte.
use super::{unpack, Packer};
use crate::{Attribute, Buffer, ChannelBatch, ChannelEditor, ChannelField, ChannelWriter};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// The same numbers in each run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 32) as usize % limit
    }
    /// 0 to 80 letters, some beyond ASCII.
    fn text(&mut self) -> String {
        let size = self.below(80);
        let letter = |_| match self.below(16) {
            0 => 'ü',
            _ => char::from(b'a' + self.below(26) as u8),
        };
        (0..size).map(letter).collect()
    }
}

#[derive(Clone, Default)]
struct Channel {
    columns: [String; ChannelBatch::COLUMNS],
    attributes: Vec<(String, String)>,
    directives: Vec<String>,
}

impl Channel {
    fn random(random: &mut Random) -> Self {
        let mut channel = Channel::default();
        for value in &mut channel.columns {
            if random.below(3) != 0 {
                *value = random.text();
            }
        }
        for left in 0..random.below(4) {
            channel.attributes.push((format!("key{left}"), random.text()));
        }
        for _ in 0..random.below(3) {
            channel.directives.push(random.text());
        }
        channel
    }
    fn value(&mut self, field: ChannelField) -> &mut String {
        &mut self.columns[field as usize]
    }
}

fn frame_of(channels: &[Channel]) -> Buffer {
    let mut writer = ChannelWriter::new();
    for channel in channels {
        writer.add_new(1);
        for (field, value) in ChannelField::ALL.into_iter().zip(&channel.columns) {
            writer.set(field, value);
        }
        for (key, value) in &channel.attributes {
            writer.add_attribute(Attribute { key, value });
        }
        channel.directives.iter().for_each(|line| writer.add_directive(line));
    }
    unsafe { Buffer::of_block(writer.build()) }
}

/// How many bytes it takes packed.
fn pack(packer: &mut Packer, frame: &[u8]) -> usize {
    let packed = unsafe { packer.pack(frame) };
    assert!(*unsafe { unpack(packed) } == *frame);
    packed.len()
}

#[test]
fn random_frames_come_back_as_they_were() {
    let (mut random, mut packer) = (Random(11), Packer::default());
    for round in 0..300 {
        let mut channels: Vec<_> =
            (0..random.below(50)).map(|_| Channel::random(&mut random)).collect();
        let first = channels.first().cloned().unwrap_or_default();
        for channel in &mut channels {
            if round % 3 == 0 {
                // Much that is the same.
                channel.columns = first.columns.clone();
                channel.columns[random.below(9)] += &random.text();
                *channel.value(ChannelField::TvgName) =
                    channel.value(ChannelField::ChannelName).clone();
            }
            if round % 7 == 0 {
                let size = random.below(12) * 100;
                channel.value(ChannelField::StreamUrl).extend((0..size).map(|_| 'u'));
            }
            if round % 50 == 0 && random.below(9) == 0 {
                *channel.value(ChannelField::TvgLogo) = "x".repeat(70_000);
            }
        }
        pack(&mut packer, &frame_of(&channels));
    }
}

#[test]
fn so_do_frames_that_plugins_made() {
    let (mut random, mut packer) = (Random(12), Packer::default());
    for _ in 0..100 {
        let channels: Vec<_> =
            (0..1 + random.below(40)).map(|_| Channel::random(&mut random)).collect();
        let frame = frame_of(&channels);
        let batch = unsafe { ChannelBatch::from_frame(&frame) };
        // What it sets follows what was there.
        let (mut set_only, mut editor) = (ChannelEditor::new(&batch), ChannelEditor::new(&batch));
        let mut writer = ChannelWriter::new();
        for row in 0..batch.rows() {
            if random.below(4) == 0 {
                editor.drop_row(row);
            }
            if random.below(3) == 0 {
                let field = ChannelField::ALL[random.below(9)];
                editor.set(field, row, "set");
                set_only.set(field, row, "set");
            }
            let other = batch.rows() - 1 - row;
            writer.add(&batch, other);
            if random.below(5) == 0 {
                writer.set(ChannelField::TvgName, batch.group(other));
            }
        }
        for block in [set_only.build(), editor.build(), writer.build()] {
            pack(&mut packer, &unsafe { Buffer::of_block(block) });
        }
    }
}

#[test]
fn ordinary_channels_take_less_than_a_third() {
    let channels: Vec<_> = (530_000..531_000)
        .map(|number| {
            let mut channel = Channel::default();
            let group = if number % 2 == 0 { "ES | Movies" } else { "ES | Sports" };
            for (field, value) in [
                (ChannelField::ChannelName, format!("Channel {number}")),
                (ChannelField::TvgName, format!("Channel {number}")),
                (ChannelField::TvgId, format!("ch{number}.ES")),
                (ChannelField::TvgLogo, format!("https://logos.example.net/ES/{number}.png")),
                (ChannelField::GroupTitle, group.to_string()),
                (
                    ChannelField::StreamUrl,
                    format!("http://example.org:8080/live/user/secret/{number}.ts"),
                ),
                (ChannelField::Duration, "-1".to_string()),
            ] {
                *channel.value(field) = value;
            }
            channel.attributes = [("tvg-country", "ES"), ("radio", "false")]
                .map(|(key, value)| (key.to_string(), value.to_string()))
                .into();
            channel
        })
        .collect();
    let frame = frame_of(&channels);
    assert!(pack(&mut Packer::default(), &frame) < frame.len() / 3);
}

#[test]
fn a_frame_without_rows_comes_back_too() {
    pack(&mut Packer::default(), &frame_of(&[]));
}
