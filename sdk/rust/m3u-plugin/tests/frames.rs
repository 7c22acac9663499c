//! Frames that are written are read again, with what was changed and everything else.
use m3u_plugin::*;

/// Name, group, attributes, directives, media type, whether there is an id.
type Row = (String, String, Vec<(String, String)>, Vec<String>, MediaType, u16, Vec<u8>);

fn rows_of(block: Block) -> Vec<Row> {
    let frame = unsafe { block.bytes() };
    let batch = unsafe { ChannelBatch::from_frame(frame) };
    let rows = (0..batch.rows())
        .map(|row| {
            let attributes =
                batch.attributes(row).map(|a| (a.key.to_string(), a.value.to_string())).collect();
            (
                batch.name(row).to_string(),
                batch.group(row).to_string(),
                attributes,
                batch.directives(row).map(str::to_string).collect(),
                batch.media_type(row),
                batch.source(row),
                batch.id(row).to_vec(),
            )
        })
        .collect();
    unsafe { memory::deallocate(block.data) };
    rows
}

/// Three channels; the frame lives as long as the program.
fn three() -> ChannelBatch<'static> {
    let mut writer = ChannelWriter::new();
    writer.add_new(1);
    writer.set(ChannelField::ChannelName, "News");
    writer.set_attribute("radio", "true");
    writer.set_attribute("catchup-days", "7");
    writer.add_new(2);
    writer.set(ChannelField::ChannelName, "Füm 🎬");
    writer.set(ChannelField::GroupTitle, "Films");
    writer.set_media_type(MediaType::Movie);
    writer.add_directive("#EXTVLCOPT:http-user-agent=x");
    writer.add_new(1);
    writer.set_copy(ChannelField::ChannelName, &String::from("Sport 1"));
    writer.set_attribute("x", "1");
    writer.set_attribute("y", "2");
    writer.set_attribute("X", "");
    unsafe { ChannelBatch::from_frame(writer.build().bytes()) }
}

fn strings(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(a, b)| (a.to_string(), b.to_string())).collect()
}

fn expected() -> Vec<Row> {
    let row = |name: &str, group: &str, attributes: &[_], lines: &[&str], media, source| {
        let lines = lines.iter().map(|line| line.to_string()).collect();
        (name.into(), group.into(), strings(attributes), lines, media, source, vec![])
    };
    vec![
        row("News", "", &[("radio", "true"), ("catchup-days", "7")], &[], MediaType::Live, 1),
        row("Füm 🎬", "Films", &[], &["#EXTVLCOPT:http-user-agent=x"], MediaType::Movie, 2),
        row("Sport 1", "", &[("y", "2")], &[], MediaType::Live, 1),
    ]
}

#[test]
fn what_is_written_is_read_again() {
    let batch = three();
    let mut writer = ChannelWriter::new();
    (0..3).for_each(|row| writer.add(&batch, row));
    assert_eq!(rows_of(writer.build()), expected());
    assert_eq!(rows_of(ChannelWriter::new().build()), vec![]);
}

#[test]
fn set_columns_change_and_nothing_else_does() {
    let batch = three();
    let group = String::from("Sports");
    let mut editor = ChannelEditor::new(&batch);
    editor.set(ChannelField::GroupTitle, 2, &group);
    editor.set_copy(ChannelField::ChannelName, 0, "A much longer name than there was");
    editor.set_media_type(0, MediaType::Series);
    let mut rows = expected();
    rows[2].1 = "Sports".into();
    rows[0].0 = "A much longer name than there was".into();
    rows[0].4 = MediaType::Series;
    assert_eq!(rows_of(editor.build()), rows);
}

#[test]
fn attributes_are_set_added_and_removed_in_any_order_of_rows() {
    let batch = three();
    let mut editor = ChannelEditor::new(&batch);
    editor.set_attribute(2, "z", "3");
    editor.set_attribute(0, "RADIO", "");
    editor.set_attribute(0, "a", "A");
    editor.set_attribute(1, "b", "B");
    editor.set_attribute(2, "Y", "two");
    let mut rows = expected();
    rows[0].2 = strings(&[("catchup-days", "7"), ("a", "A")]);
    rows[1].2 = strings(&[("b", "B")]);
    rows[2].2 = strings(&[("y", "two"), ("z", "3")]);
    assert_eq!(rows_of(editor.build()), rows);
    editor.drop_row(1);
    rows.remove(1);
    assert_eq!(rows_of(editor.build()), rows);
}

#[test]
fn dropped_rows_leave_the_others_with_all_they_have() {
    let batch = three();
    let mut editor = ChannelEditor::new(&batch);
    editor.drop_row(0);
    editor.set(ChannelField::GroupTitle, 2, "Sports");
    editor.set_media_type(2, MediaType::Movie);
    let mut rows = expected();
    rows[2].1 = "Sports".into();
    rows[2].4 = MediaType::Movie;
    rows.remove(0);
    assert_eq!(rows_of(editor.build()), rows);
}

#[test]
fn a_chunk_in_which_nothing_changes_is_the_input_itself() {
    let batch = three();
    let mut writer = ChannelWriter::new();
    writer.add(&batch, 0);
    let block = writer.build();
    let input = unsafe { ChannelBatch::from_frame(block.bytes()) };
    let mut editor = ChannelEditor::new(&input);
    editor.set(ChannelField::ChannelName, 0, "News");
    editor.set_copy(ChannelField::GroupTitle, 0, "");
    let mut out = Output::new(block);
    assert_eq!(out.edited(&editor), Ok(Outcome::Batch));
    assert_eq!(out.block().data, block.data);
}

#[test]
fn a_buffer_is_given_without_a_copy() {
    let kept = Buffer::copy_of(three().frame());
    let data = kept.as_ptr();
    let mut out = Output::new(Block::EMPTY);
    assert_eq!(out.give(Buffer::copy_of(b"")), Ok(Outcome::None));
    assert_eq!(out.give(kept), Ok(Outcome::Batch));
    assert_eq!(out.block().data.cast_const(), data);
    assert_eq!(rows_of(out.block()), expected());
}

#[test]
fn words_are_found_inside_one_value_only_without_regard_to_case() {
    let names =
        ["Sky SPORT", "news", "spo", "rt", "sports sport", "", "a \u{17f}porT", "\u{212a}ey"];
    let mut writer = ChannelWriter::new();
    for name in names {
        writer.add_new(0);
        writer.set(ChannelField::ChannelName, name);
    }
    let block = writer.build();
    let batch = unsafe { ChannelBatch::from_frame(block.bytes()) };
    let rows = |word| {
        let mut rows = vec![];
        batch.column(ChannelField::ChannelName).rows_containing(word, |row| rows.push(row));
        rows
    };
    assert_eq!(rows("sport"), [0, 4, 6]);
    assert_eq!(rows("key"), [7]);
    assert_eq!(rows("").len(), 8);
    assert_eq!(rows("no such word in all of this"), []);
}

#[test]
fn programmes_are_written_read_and_edited() {
    let mut writer = ProgrammeWriter::new();
    for title in ["One", "Two"] {
        writer.add_new(3);
        writer.set(ProgrammeField::Title, title);
        writer.set(ProgrammeField::Element, "<programme/>");
    }
    let block = writer.build();
    let batch = unsafe { ProgrammeBatch::from_frame(block.bytes()) };
    assert_eq!((batch.title(1), batch.source(1), batch.origin(0)), ("Two", 3, NEW_PROGRAMME));
    let mut editor = ProgrammeEditor::new(&batch);
    editor.set_copy(ProgrammeField::Title, 1, "LIVE: Two");
    let edited = editor.build();
    let again = unsafe { ProgrammeBatch::from_frame(edited.bytes()) };
    assert_eq!((again.title(0), again.title(1)), ("One", "LIVE: Two"));
    assert_eq!(again.element(1), "<programme/>");
    editor.drop_row(0);
    let dropped = editor.build();
    let again = unsafe { ProgrammeBatch::from_frame(dropped.bytes()) };
    assert_eq!((again.rows(), again.title(0)), (1, "LIVE: Two"));
}

#[test]
fn the_info_is_json() {
    let info = PluginInfo {
        name: "a \"b\"",
        version: "1.0.0",
        supported_stages: &[Stage::DataMapping, Stage::Epg],
        ..PluginInfo::default()
    };
    let json = info.to_json();
    let json = Json::new(&json);
    assert_eq!(json.get("name").text().as_deref(), Some("a \"b\""));
    assert_eq!(json.get("supported_stages").raw(), "[\"data_mapping\", \"epg\"]");
    assert_eq!(json.get("memory_requirements").get("supports_streaming").flag(), Some(true));
}
