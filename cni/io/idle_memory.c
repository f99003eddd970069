/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/io/idle_memory.h"

#include <link.h>
#include <malloc.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

/* Segments that nothing has ever written to are the same in the file. */
static int let_go(struct dl_phdr_info *object, size_t size, void *context)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

	(void)size;
	(void)context;
	for (int i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
		uintptr_t begin = (object->dlpi_addr + segment->p_vaddr) & ~(page - 1);
		uintptr_t end = object->dlpi_addr + segment->p_vaddr + segment->p_memsz;

		if (segment->p_type == PT_LOAD && (segment->p_flags & PF_W) == 0)
			madvise((void *)begin, end - begin, MADV_DONTNEED);
	}
	return 0;
}

void idle_memory_give_back(void)
{
	malloc_trim(0);
	dl_iterate_phdr(let_go, NULL);
}
