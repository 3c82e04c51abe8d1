// Links to the transcript, or to one of its steps, unfold it and light up the step.

const LIT_FOR = 2500;

function showStep(step) {
  step.scrollIntoView({ block: "center" });
  step.classList.add("lit");
  setTimeout(() => step.classList.remove("lit"), LIT_FOR);
}

function follow() {
  const { hash } = location;
  const toStep = /^#step-\d+$/.test(hash);
  const step = toStep ? document.querySelector(hash) : null;
  if (step || hash === "#transcript") document.getElementById("transcript").open = true;
  if (step) showStep(step);
  // An earlier step than this page holds: the page with all steps has it.
  else if (toStep && document.querySelector("[data-all]")) location.assign(`?all=1${hash}`);
}

addEventListener("hashchange", follow);
// A link to where one is already changes no hash.
document.addEventListener("click", (event) => {
  if (event.target.closest(".cite, [href='#transcript']")) setTimeout(follow);
});
follow();
