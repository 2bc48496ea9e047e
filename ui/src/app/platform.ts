/** Whether the keyboard has a ⌘. */
export function isApple(): boolean {
  return /mac|iphone|ipad/i.test(navigator.platform);
}
