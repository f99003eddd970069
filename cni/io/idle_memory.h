/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory of a program that mostly waits: what only its start needed (some thirty libraries come
 * with libcurl, and each is relocated and initialized) is not kept resident.
 */
#ifndef SIDEWIRE_CNI_IDLE_MEMORY_H
#define SIDEWIRE_CNI_IDLE_MEMORY_H

/*
 * Gives free heap back, and lets go of all code and constants of the program and its libraries: the
 * kernel maps what is needed next from its cache again. Worth a call after work that is rare.
 */
void idle_memory_give_back(void);

#endif
