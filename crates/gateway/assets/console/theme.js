// Before anything is drawn: the theme that the reader chose, if they chose one. A script of its own because
// the page's security policy allows none inside it.
"use strict";
{
  const chosen = localStorage.getItem("theme");
  if (chosen === "dark" || chosen === "light") document.documentElement.dataset.theme = chosen;
}
