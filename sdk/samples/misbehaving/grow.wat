;; grow: takes memory until it is refused, at each chunk, and then gives the chunk back. A
;; refusal has to come: without one this traps when the address space ends.
(module
  (memory (export "memory") 2)
  (data (i32.const 1024)
    "{\"name\": \"grow\", \"version\": \"1.0.0\", \"supported_stages\": [\"data_mappi"
    "ng\"], \"memory_requirements\": {\"min_heap_mb\": 1, \"max_heap_mb\": 8, \"suppo"
    "rts_streaming\": true, \"supports_compression\": false}}")
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
    (i32.store offset=4 (local.get $out) (i32.const 194))
    (i32.const 0))
  (func (export "m3u_init") (param i32 i32) (result i32) (i32.const 0))
  (func (export "m3u_can_handle_memory_pressure") (param i32) (result i32) (i32.const 1))
  (func (export "m3u_begin") (param i32 i32 i32 i32) (result i32)
    (i32.const 0))
  (func (export "m3u_process_chunk") (param $in i32) (param $size i32) (param $out i32) (result i32)
    (loop $more
      (br_if $more (i32.ne (i32.const -1) (memory.grow (i32.const 1)))))
    (if (i32.eq (memory.size) (i32.const 65536)) (then (unreachable)))
    (i32.store (local.get $out) (local.get $in))
    (i32.store offset=4 (local.get $out) (local.get $size))
    (i32.const 0))
  (func (export "m3u_finalize") (param i32) (result i32) (i32.const 2))
  (func (export "m3u_cleanup")))
