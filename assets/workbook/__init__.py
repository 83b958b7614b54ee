"""Workbooks (电子表格): which columns a table has, what a clerk's file says, and what is wrong in it."""
