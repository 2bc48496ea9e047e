import { expect, test } from './fixtures';

test('the page comes online with the token of the link, and the link is clean', async ({ signedIn }) => {
  const page = await signedIn('/devices');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Devices');
  expect(page.url()).not.toContain('token');
});
