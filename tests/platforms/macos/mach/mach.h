// What memory/process_memory_macos.cpp uses of macOS's <mach/mach.h>, declared as Apple documents
// it, so that the file can be compiled elsewhere. Nothing here is ever linked or run.
#pragma once

#include <cstdint>

using kern_return_t = int;
using mach_port_t = unsigned int;
using task_name_t = mach_port_t;
using task_flavor_t = unsigned int;
using natural_t = unsigned int;
using integer_t = int;
using mach_msg_type_number_t = natural_t;
using task_info_t = integer_t*;
using mach_vm_size_t = std::uint64_t;
using policy_t = int;

struct time_value_t {
  integer_t seconds;
  integer_t microseconds;
};

struct mach_task_basic_info {
  mach_vm_size_t virtual_size;
  mach_vm_size_t resident_size;
  mach_vm_size_t resident_size_max;
  time_value_t user_time;
  time_value_t system_time;
  policy_t policy;
  integer_t suspend_count;
};

constexpr kern_return_t KERN_SUCCESS = 0;
constexpr task_flavor_t MACH_TASK_BASIC_INFO = 20;
constexpr mach_msg_type_number_t MACH_TASK_BASIC_INFO_COUNT =
    sizeof(mach_task_basic_info) / sizeof(natural_t);

extern "C" {
mach_port_t mach_task_self();
kern_return_t task_info(task_name_t target_task, task_flavor_t flavor, task_info_t task_info_out,
                        mach_msg_type_number_t* task_info_outCnt);
}
