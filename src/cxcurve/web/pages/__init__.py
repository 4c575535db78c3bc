"""One module a page: a frozen Page, its build, HTML by the template and .json from the same object."""
