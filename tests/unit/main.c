/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs every suite that was announced, or those whose name holds the first argument. */
#include <CUnit/Basic.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/suite.h"

enum { SUITES_MAX = 256 };

static CU_SuiteInfo suites[SUITES_MAX + 1];
static size_t suite_count;

void suite_announce(const char *name, CU_TestInfo *tests)
{
	if (suite_count == SUITES_MAX)
		abort();
	suites[suite_count++] = (CU_SuiteInfo){.pName = name, .pTests = tests};
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const CU_SuiteInfo *)a)->pName, ((const CU_SuiteInfo *)b)->pName);
}

/* Leaves only the suites whose name holds the text. */
static void select_suites(const char *text)
{
	size_t kept = 0;

	for (size_t i = 0; i < suite_count; i++) {
		if (strstr(suites[i].pName, text) != NULL)
			suites[kept++] = suites[i];
	}
	suite_count = kept;
	suites[kept] = (CU_SuiteInfo)CU_SUITE_INFO_NULL;
}

int main(int argc, char **argv)
{
	qsort(suites, suite_count, sizeof(*suites), by_name);
	if (argc > 1)
		select_suites(argv[1]);
	if (suite_count == 0 || CU_initialize_registry() != CUE_SUCCESS ||
	    CU_register_suites(suites) != CUE_SUCCESS)
		return 1;
	CU_basic_set_mode(CU_BRM_NORMAL);
	CU_basic_run_tests();
	unsigned int run = CU_get_number_of_tests_run();
	unsigned int failed = CU_get_number_of_tests_failed() + CU_get_number_of_suites_failed();
	CU_cleanup_registry();
	printf("unit: %u passed, %u failed\n", run > failed ? run - failed : 0, failed);
	return failed > 0 || run == 0 ? 1 : 0;
}
