;; bad_frame: gives back a chunk that is damaged; config.kind says how: 0 other bytes, 1 half of it,
;; 2 a root outside, 3 offsets that fall, 4 text that is not UTF-8, 5 sources that do not exist,
;; 6 nothing.
(module
  (memory (export "memory") 2)
  (data (i32.const 1024)
    "{\"name\": \"bad_frame\", \"version\": \"1.0.0\", \"supported_stages\": [\"data_"
    "mapping\"], \"memory_requirements\": {\"min_heap_mb\": 1, \"max_heap_mb\": 8, \""
    "supports_streaming\": true, \"supports_compression\": false}}")
  (func (export "m3u_abi_version") (result i32) (i32.const 1))
  ;; Blocks lie one behind the other; only the last one is given back.
  (global $top (mut i32) (i32.const 65536))
  (func $alloc (export "m3u_alloc") (param $size i32) (result i32)
    (local $block i32)
    (local.set $block (global.get $top))
    (global.set $top (i32.add (local.get $block)
      (i32.and (i32.add (local.get $size) (i32.const 15)) (i32.const -16))))
    (if (i32.gt_u (global.get $top) (i32.mul (memory.size) (i32.const 65536)))
      (then
        (if (i32.eq (i32.const -1) (memory.grow (i32.add (i32.const 1)
              (i32.shr_u (local.get $size) (i32.const 16)))))
          (then
            (global.set $top (local.get $block))
            (return (i32.const 0))))))
    (local.get $block))
  (func (export "m3u_free") (param $block i32) (param $size i32)
    (if (i32.eq (global.get $top) (i32.add (local.get $block)
          (i32.and (i32.add (local.get $size) (i32.const 15)) (i32.const -16))))
      (then (global.set $top (local.get $block)))))
  (func (export "m3u_info") (param $out i32) (result i32)
    (i32.store (local.get $out) (i32.const 1024))
    (i32.store offset=4 (local.get $out) (i32.const 199))
    (i32.const 0))
  ;; The first number in the configuration.
  (global $number (mut i32) (i32.const 0))
  (func (export "m3u_init") (param $config i32) (param $size i32) (result i32)
    (local $digit i32)
    (local $seen i32)
    (block $end
      (loop $next
        (br_if $end (i32.eqz (local.get $size)))
        (local.set $digit (i32.sub (i32.load8_u (local.get $config)) (i32.const 48)))
        (if (i32.lt_u (local.get $digit) (i32.const 10))
          (then
            (local.set $seen (i32.const 1))
            (global.set $number (i32.add (local.get $digit)
              (i32.mul (global.get $number) (i32.const 10)))))
          (else (br_if $end (local.get $seen))))
        (local.set $config (i32.add (local.get $config) (i32.const 1)))
        (local.set $size (i32.sub (local.get $size) (i32.const 1)))
        (br $next)))
    (i32.const 0))
  (func (export "m3u_can_handle_memory_pressure") (param i32) (result i32) (i32.const 1))
  (func (export "m3u_begin") (param i32 i32 i32 i32) (result i32)
    (i32.const 0))
  ;; Where the vector or table at field `index` of `table` is, as FlatBuffers says.
  (func $field (param $table i32) (param $index i32) (result i32)
    (local $at i32)
    (local.set $at (i32.add (local.get $table) (i32.load16_u (i32.add
      (i32.sub (local.get $table) (i32.load (local.get $table)))
      (i32.add (i32.const 4) (i32.shl (local.get $index) (i32.const 1)))))))
    (i32.add (local.get $at) (i32.load (local.get $at))))
  (func $follow (param $at i32) (result i32)
    (i32.add (local.get $at) (i32.load (local.get $at))))
  (func (export "m3u_process_chunk") (param $in i32) (param $size i32) (param $out i32) (result i32)
    (local $root i32)
    (local $vector i32)
    (local.set $root (call $follow (local.get $in)))
    (if (i32.eq (global.get $number) (i32.const 0))
      (then (memory.fill (local.get $in) (i32.const 0xaa) (local.get $size))))
    (if (i32.eq (global.get $number) (i32.const 1))
      (then (local.set $size (i32.shr_u (local.get $size) (i32.const 1)))))
    (if (i32.eq (global.get $number) (i32.const 2))
      (then (i32.store (local.get $in) (i32.const 0x7ffffff0))))
    (if (i32.eq (global.get $number) (i32.const 3))
      (then
        ;; the first offset of the first column
        (local.set $vector (call $field
          (call $follow (i32.add (call $field (local.get $root) (i32.const 1)) (i32.const 4)))
          (i32.const 0)))
        (i32.store offset=4 (local.get $vector) (i32.const 0x7fffffff))))
    (if (i32.eq (global.get $number) (i32.const 4))
      (then
        (local.set $vector (call $field (local.get $root) (i32.const 10)))
        (memory.fill (i32.add (local.get $vector) (i32.const 4)) (i32.const 0xff)
          (i32.load (local.get $vector)))))
    (if (i32.eq (global.get $number) (i32.const 5))
      (then
        (local.set $vector (call $field (local.get $root) (i32.const 2)))
        (memory.fill (i32.add (local.get $vector) (i32.const 4)) (i32.const 0xff)
          (i32.shl (i32.load (local.get $vector)) (i32.const 1)))))
    (if (i32.eq (global.get $number) (i32.const 6))
      (then (local.set $size (i32.const 0))))
    (i32.store (local.get $out) (local.get $in))
    (i32.store offset=4 (local.get $out) (local.get $size))
    (i32.const 0))
  (func (export "m3u_finalize") (param i32) (result i32) (i32.const 2))
  (func (export "m3u_cleanup")))
