//! Random edits give what the same edits of plain values give.
use m3u_plugin::*;

const PROGRAMME_FIELDS: [ProgrammeField; ProgrammeBatch::COLUMNS] = [
    ProgrammeField::ChannelId,
    ProgrammeField::Title,
    ProgrammeField::Subtitle,
    ProgrammeField::Description,
    ProgrammeField::Category,
    ProgrammeField::Icon,
    ProgrammeField::EpisodeNum,
    ProgrammeField::SeasonNum,
    ProgrammeField::Language,
    ProgrammeField::Rating,
    ProgrammeField::Start,
    ProgrammeField::Stop,
    ProgrammeField::Element,
];
const MEDIA_TYPES: [MediaType; 3] = [MediaType::Live, MediaType::Movie, MediaType::Series];

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
        (0..self.below(80))
            .map(|_| match self.below(16) {
                0 => 'ü',
                _ => (b'a' + self.below(26) as u8) as char,
            })
            .collect()
    }
    fn texts<const N: usize>(&mut self) -> [String; N] {
        std::array::from_fn(|_| if self.below(3) == 0 { String::new() } else { self.text() })
    }
}

#[derive(Clone, PartialEq, Debug)]
struct Channel {
    columns: [String; ChannelBatch::COLUMNS],
    source: u16,
    media_type: MediaType,
    id: Vec<u8>,
    attributes: Vec<(String, String)>,
    directives: Vec<String>,
}

fn random_channel(random: &mut Random) -> Channel {
    Channel {
        columns: random.texts(),
        source: random.below(9) as u16,
        media_type: MEDIA_TYPES[random.below(3)],
        id: Vec::new(),
        attributes: (0..random.below(4)).map(|i| (format!("key{i}"), random.text())).collect(),
        directives: (0..random.below(3)).map(|_| random.text()).collect(),
    }
}

fn frame_of(channels: &[Channel]) -> Block {
    let mut writer = ChannelWriter::new();
    for channel in channels {
        writer.add_new(channel.source);
        for (field, value) in ChannelField::ALL.into_iter().zip(&channel.columns) {
            writer.set(field, value);
        }
        writer.set_media_type(channel.media_type);
        for (key, value) in &channel.attributes {
            writer.add_attribute(Attribute { key, value });
        }
        for line in &channel.directives {
            writer.add_directive(line);
        }
    }
    writer.build()
}

/// The channels in a block, which is freed.
fn take(block: Block) -> Vec<Channel> {
    let batch = unsafe { ChannelBatch::from_frame(block.bytes()) };
    let channel = |row| Channel {
        columns: ChannelField::ALL.map(|field| batch.text(field, row).to_string()),
        source: batch.source(row),
        media_type: batch.media_type(row),
        id: batch.id(row).to_vec(),
        attributes: batch.attributes(row).map(|a| (a.key.into(), a.value.into())).collect(),
        directives: batch.directives(row).map(str::to_string).collect(),
    };
    let channels = (0..batch.rows()).map(channel).collect();
    unsafe { memory::deallocate(block.data) };
    channels
}

/// Sets the attribute `new` in both.
fn set_new(editor: &mut ChannelEditor, row: usize, value: &str, channel: &mut Channel) {
    editor.set_attribute(row, "new", value);
    match channel.attributes.iter_mut().find(|(key, _)| key == "new") {
        Some(attribute) => attribute.1 = value.to_string(),
        None => channel.attributes.push(("new".to_string(), value.to_string())),
    }
}

#[test]
fn of_channels() {
    let mut random = Random(7);
    for round in 0..200 {
        let mut channels: Vec<_> =
            (0..random.below(40)).map(|_| random_channel(&mut random)).collect();
        let frame = frame_of(&channels);
        let batch = unsafe { ChannelBatch::from_frame(frame.bytes()) };
        let mut editor = ChannelEditor::new(&batch);
        let mut dropped = vec![false; channels.len()];
        for _ in 0..if channels.is_empty() { 0 } else { random.below(30) } {
            let row = random.below(channels.len());
            let channel = &mut channels[row];
            let value = random.text();
            if round % 2 == 0 && random.below(8) == 0 {
                editor.drop_row(row);
                dropped[row] = true;
            } else if round % 3 == 0 && random.below(4) == 0 {
                set_new(&mut editor, row, &format!("{value}x"), channel);
            } else if round % 5 == 0 && random.below(4) == 0 {
                channel.media_type = MEDIA_TYPES[random.below(3)];
                editor.set_media_type(row, channel.media_type);
            } else {
                let column = random.below(ChannelField::ALL.len());
                editor.set_copy(ChannelField::ALL[column], row, &value);
                channel.columns[column] = value;
            }
        }
        let mut row = dropped.iter();
        channels.retain(|_| row.next() == Some(&false));
        assert_eq!(take(editor.build()), channels, "round {round}");
        unsafe { memory::deallocate(frame.data) };
    }
}

type Programme = ([String; ProgrammeBatch::COLUMNS], u16);

fn take_programmes(block: Block) -> Vec<Programme> {
    let batch = unsafe { ProgrammeBatch::from_frame(block.bytes()) };
    let programmes = (0..batch.rows())
        .map(|row| {
            assert_eq!(batch.origin(row), NEW_PROGRAMME);
            let values = PROGRAMME_FIELDS.map(|field| batch.text(field, row).to_string());
            (values, batch.source(row))
        })
        .collect();
    unsafe { memory::deallocate(block.data) };
    programmes
}

#[test]
fn of_programmes() {
    let mut random = Random(8);
    for round in 0..200 {
        let mut programmes: Vec<Programme> =
            (0..random.below(40)).map(|_| (random.texts(), random.below(9) as u16)).collect();
        let given = programmes.clone();
        let mut writer = ProgrammeWriter::new();
        for (values, source) in &given {
            writer.add_new(*source);
            for (field, value) in PROGRAMME_FIELDS.into_iter().zip(values) {
                writer.set(field, value);
            }
        }
        let frame = writer.build();
        let batch = unsafe { ProgrammeBatch::from_frame(frame.bytes()) };
        let mut editor = ProgrammeEditor::new(&batch);
        let mut dropped = vec![false; programmes.len()];
        for _ in 0..if programmes.is_empty() { 0 } else { random.below(30) } {
            let row = random.below(programmes.len());
            if round % 2 == 0 && random.below(8) == 0 {
                editor.drop_row(row);
                dropped[row] = true;
            } else {
                let column = random.below(PROGRAMME_FIELDS.len());
                let value = random.text();
                editor.set_copy(PROGRAMME_FIELDS[column], row, &value);
                programmes[row].0[column] = value;
            }
        }
        let mut row = dropped.iter();
        programmes.retain(|_| row.next() == Some(&false));
        assert_eq!(take_programmes(editor.build()), programmes, "round {round}");
        unsafe { memory::deallocate(frame.data) };
    }
}
