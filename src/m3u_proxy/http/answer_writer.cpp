#include <algorithm>

#include <m3u_proxy/http/answer_writer.hpp>

namespace m3u_proxy::http {
namespace {

constexpr std::size_t kBuffer = 16384;
/// Up to here it is cheaper to copy than to send by itself.
constexpr std::uint64_t kShort = 4096;
/// One connection's turn: longer ones starve the others on its thread.
constexpr std::uint64_t kTurn = 256 * 1024;

bool is_text(const Piece& piece) { return std::holds_alternative<std::string_view>(piece); }

}  // namespace

void AnswerWriter::start(std::string buffer,
                         std::variant<std::string, std::unique_ptr<Body>> body) {
  buffer_ = std::move(buffer);
  buffer_sent_ = 0;
  sent_ = 0;
  busy_ = true;
  piece_ = std::string_view();
  body_left_ = 0;
  if (auto* text = std::get_if<std::string>(&body)) {
    if (buffer_.size() + text->size() <= kBuffer) {
      buffer_ += *text;
    } else {
      text_ = std::move(*text);
      piece_ = std::string_view(text_);
    }
  } else {
    body_ = std::get<std::unique_ptr<Body>>(std::move(body));
    body_left_ = body_->size();
  }
}

/// Copies a short piece into the buffer. False: the file can't be read as far as it should.
bool AnswerWriter::gather_piece(const Piece& piece) {
  if (const auto* text = std::get_if<std::string_view>(&piece)) {
    buffer_ += *text;
    return true;
  }
  auto range = std::get<FileRange>(piece);
  const std::size_t begin = buffer_.size();
  buffer_.resize(begin + range.length);
  std::span<char> room(buffer_.data() + begin, range.length);
  while (!room.empty()) {
    const auto got = io::read_some_at(range.fd, range.offset, room, "the body of an answer");
    if (!got || *got == 0) return false;
    range.offset += *got;
    room = room.subspan(*got);
  }
  return true;
}

/// Fills the buffer with pieces; a long one stays in piece_. False: the body failed.
bool AnswerWriter::gather() {
  while (body_ && size_of(piece_) == 0 && buffer_.size() < kBuffer) {
    const auto piece = body_->next();
    if (!piece) return false;
    const std::uint64_t size = size_of(*piece);
    body_left_ -= std::min(body_left_, size);
    if (size == 0) {
      body_.reset();
    } else if (size <= kShort && buffer_.size() + size <= kBuffer) {
      if (!gather_piece(*piece)) return false;
    } else {
      piece_ = *piece;
    }
  }
  return true;
}

Transfer AnswerWriter::send_once(Channel& channel, std::uint64_t most) {
  if (buffer_sent_ < buffer_.size()) {
    const More more = size_of(piece_) != 0 || body_left_ != 0 ? More::kFollows : More::kNo;
    const auto rest = std::string_view(buffer_).substr(buffer_sent_);
    const Transfer transfer = channel.write(rest, more);
    buffer_sent_ += transfer.bytes;
    return transfer;
  }
  if (is_text(piece_)) {
    auto& text = std::get<std::string_view>(piece_);
    const auto part = text.substr(0, most);
    const Transfer transfer = channel.write(
        part, part.size() < text.size() || body_left_ != 0 ? More::kFollows : More::kNo);
    text.remove_prefix(transfer.bytes);
    return transfer;
  }
  auto& range = std::get<FileRange>(piece_);
  const Transfer transfer = channel.send_file(
      {.fd = range.fd, .offset = range.offset, .length = std::min(range.length, most)});
  range.offset += transfer.bytes;
  range.length -= transfer.bytes;
  return transfer;
}

AnswerWriter::State AnswerWriter::step(Channel& channel) {
  std::uint64_t left = kTurn;
  while (true) {
    if (buffer_sent_ == buffer_.size()) {
      buffer_.clear();
      buffer_sent_ = 0;
    }
    if (!gather()) return State::kFailed;
    if (buffer_.empty() && size_of(piece_) == 0) return State::kDone;
    if (left == 0) return State::kTurn;
    const Transfer transfer = send_once(channel, left);
    sent_ += transfer.bytes;
    switch (transfer.state) {
      case Transfer::State::kMoved:
        left -= std::min<std::uint64_t>(left, transfer.bytes);
        break;
      case Transfer::State::kWaitRead:
        return State::kWaitRead;
      case Transfer::State::kWaitWrite:
        return State::kWaitWrite;
      case Transfer::State::kEnd:
      case Transfer::State::kFailed:
        return State::kFailed;
    }
  }
}

std::string AnswerWriter::stop() {
  busy_ = false;
  std::string().swap(text_);  // an assignment of nothing would keep its memory
  body_.reset();
  piece_ = std::string_view();
  buffer_.clear();
  buffer_sent_ = 0;
  return std::move(buffer_);
}

}  // namespace m3u_proxy::http
