// Where the page begins.
import { render } from 'preact';

const place = document.getElementById('page');
if (place) render(<h1>Simple P2P</h1>, place);
