// Paths as they are typed, of whichever system.
import { expect, test } from 'vitest';
import { asFolder, folderName, typedPath, withoutEnd } from './folder-path.ts';

test('what is typed is a folder, and how the next one begins', () => {
  expect(typedPath('/home/ann/Mu')).toEqual({ folder: '/home/ann/', begun: 'Mu' });
  expect(typedPath('C:\\Users\\')).toEqual({ folder: 'C:\\Users\\', begun: '' });
  expect(typedPath('x')).toEqual({ folder: '', begun: 'x' });
});

test('a folder ends in its separator, and is called by its last part', () => {
  expect(['/home', '/', 'C:\\a'].map(asFolder)).toEqual(['/home/', '/', 'C:\\a\\']);
  expect(['/home/', '/', 'C:\\a\\', 'C:\\'].map(withoutEnd)).toEqual([
    '/home',
    '/',
    'C:\\a',
    'C:\\',
  ]);
  expect(['/home/ann/', 'C:\\a', '/'].map(folderName)).toEqual(['ann', 'a', '/']);
});
