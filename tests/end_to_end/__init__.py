import pytest

pytest.register_assert_rewrite("tests.end_to_end.recipe_checks", "tests.end_to_end.notebook")
