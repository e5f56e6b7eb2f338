"""Where the routes begin."""


def test_the_root_leads_into_the_back_office(client):
    assert client.get("/").headers["Location"] == "/admin/"
