// Shows posts as the backend lists them. Text goes in as text: nothing that a visitor wrote is ever markup.
'use strict';

window.Posts = (() => {
    const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });

    function ago(time) {
        const minutes = Math.round((Date.parse(time) - Date.now()) / 60000);
        if (minutes > -1) return 'just now';
        if (minutes > -60) return relative.format(minutes, 'minute');
        const hours = Math.round(minutes / 60);
        return hours > -24 ? relative.format(hours, 'hour') : relative.format(Math.round(hours / 24), 'day');
    }

    function element(name, className, text) {
        const made = document.createElement(name);
        made.className = className;
        made.textContent = text;
        return made;
    }

    function item(post) {
        const line = document.createElement('li');
        const byline = element('p', 'byline', post.author.name + ' · ');
        if (post.author.verified) byline.append(element('span', 'verified', 'verified'), ' · ');
        const time = element('time', '', ago(post.created_at));
        time.dateTime = post.created_at;
        byline.append(time);
        line.append(element('p', '', post.text), byline);
        return line;
    }

    return {
        /** The newest ones, at most `limit`. */
        show(posts, limit = posts.length) {
            document.getElementById('posts').replaceChildren(...posts.slice(0, limit).map(item));
            document.getElementById('empty').hidden = posts.length > 0;
            const total = posts.length === 1 ? '1 idea' : posts.length + ' ideas';
            document.getElementById('count').textContent = posts.length > limit ? limit + ' newest of ' + total : total;
        },

        clear() {
            document.getElementById('posts').replaceChildren();
            document.getElementById('empty').hidden = true;
            document.getElementById('count').textContent = '';
        },
    };
})();
