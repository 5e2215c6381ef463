// The list in the sidebar opens at the page that is shown: the list of rules is longer than a window.
addEventListener("DOMContentLoaded", () => {
  const list = document.querySelector(".sidebar-scroll");
  const current = list?.querySelector("li.current-page:not(:has(li.current-page))");
  if (current) {
    list.scrollTop += current.getBoundingClientRect().top - list.getBoundingClientRect().top - list.clientHeight / 2;
  }
});
